import { expect, it, vi } from 'vitest'
import { migrateToLatest } from '../../../src/migrations.js'
import { SettingsError } from '../../../src/shared/errors.js'
import { caught, repositoriesOn } from '../fixture.js'

vi.mock('@electric-sql/pglite', () => {
  throw new Error("Cannot find package '@electric-sql/pglite'")
})

it('says what to install when the optional package of the embedded database is not there', async () => {
  const errors = [
    await caught(() => repositoriesOn('pglite:memory').prompts.create({ name: 'a', template: 'x' })),
    await caught(() => repositoriesOn('pglite:memory').prompts.find({ name: 'a' })),
    await caught(() => migrateToLatest('pglite:memory')),
  ]

  for (const error of errors) {
    expect(error).toBeInstanceOf(SettingsError)
    expect(error.message).toContain('npm install @electric-sql/pglite')
  }
})
