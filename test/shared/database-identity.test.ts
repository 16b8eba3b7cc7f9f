import { expect, it } from 'vitest'
import { DatabaseIdentity } from '../../src/shared/database-identity.js'

it('is unknown until somebody names the database', () => {
  const identity = new DatabaseIdentity()

  expect([identity.name, identity.confirmedName, identity.isConfirmed]).toEqual([undefined, undefined, false])
})

it('goes by the first assumption until the database itself has spoken, and by the database from then on', () => {
  const identity = new DatabaseIdentity()

  identity.assume('snapshot')
  identity.assume('redis')
  expect([identity.name, identity.confirmedName, identity.isConfirmed]).toEqual(['snapshot', undefined, false])
  identity.confirm('one')
  identity.assume('redis')
  expect([identity.name, identity.confirmedName, identity.isConfirmed]).toEqual(['one', 'one', true])
  identity.confirm('its copy')
  expect(identity.name).toBe('its copy')
})

it('tells everybody each time it is named, when it already says the new name', () => {
  const identity = new DatabaseIdentity()
  const told: (string | undefined)[] = []
  identity.onNamed((name) => told.push(name, identity.confirmedName))
  identity.onNamed((name) => told.push(name))

  identity.assume('guessed')
  identity.assume('ignored')
  identity.confirm('named')
  identity.confirm('named')

  expect(told).toEqual(['guessed', undefined, 'guessed', 'named', 'named', 'named', 'named', 'named', 'named'])
})
