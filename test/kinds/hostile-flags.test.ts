import { describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../src/index.js'
import { runSql } from '../manager/run-sql.js'
import { caught } from '../store/fixture.js'
import { useProject } from './a-project.js'

const { start, url, project } = useProject('flags')

const BY = { changedBy: 'ada', summary: 'a secret' }

describe('content that plain SQL gave a flag', () => {
  it.each(['null', '[]', '"x"', '{}', '1', '{"value":null}', '{"value":[1]}', '{"value":1e400}', '{"value":"other"}'])(
    '%s reads as the fallback and leaves other versions alone',
    async (content) => {
      const manager = await start()
      await manager.flags.create({ name: 'f', value: true, labels: ['production'] })
      await runSql(
        url(),
        `insert into agent_config.config_entries (kind, project, name, version, content) values ('flag', '${project()}', 'f', 2, '${content}')`,
      )
      await manager.catchUp()

      expect(await manager.getFlag('f', false)).toBe(true)
      for (const query of [{ version: 2 }, { label: 'latest' }]) {
        const details = await manager.getFlagDetails('f', false, query)
        expect(details).toMatchObject({ value: false, reason: 'fallback' })
        expect(details.error).toBeInstanceOf(InvalidArgumentError)
      }
      expect(manager.peekFlag('f', true, { label: 'latest' })).toBe(true)
      expect((await manager.flags.list({ activeOnly: false })).items.map(({ version }) => version)).toEqual([2, 1])
      expect(await caught(() => manager.flags.createVersion({ name: 'f', value: 'text' }))).toMatchObject({ field: 'value' })
      expect((await manager.flags.createVersion({ name: 'f', value: false })).version).toBe(3)
    },
  )
})

describe('a flag whose highest version was purged', () => {
  it('keeps its type', async () => {
    const manager = await start()
    await manager.flags.create({ name: 'f', value: true })
    await manager.flags.createVersion({ name: 'f', value: false, labels: [] })
    await manager.purge({ kind: 'flag', name: 'f', version: 2, ...BY })

    expect(await caught(() => manager.flags.createVersion({ name: 'f', value: 'text' }))).toMatchObject({
      field: 'value',
      message: expect.stringContaining('boolean, as version 1 is'),
    })
    expect(await manager.flags.createVersion({ name: 'f', value: true })).toMatchObject({ version: 3, value: true })
  })

  it('keeps the type of a labelled version when the first one was purged too', async () => {
    const manager = await start()
    await manager.flags.create({ name: 'f', value: true, labels: [] })
    await manager.flags.createVersion({ name: 'f', value: true, labels: ['production'] })
    await manager.flags.createVersion({ name: 'f', value: true, labels: [] })
    await manager.purge({ kind: 'flag', name: 'f', version: 1, ...BY })
    await manager.purge({ kind: 'flag', name: 'f', version: 3, ...BY })

    expect(await caught(() => manager.flags.createVersion({ name: 'f', value: 7 }))).toMatchObject({ field: 'value' })
  })

  it('cannot be copied, to its own name or another', async () => {
    const manager = await start()
    await manager.flags.create({ name: 'f', value: true, labels: [] })
    await manager.purge({ kind: 'flag', name: 'f', version: 1, ...BY })

    for (const to of [{}, { name: 'g' }]) {
      expect(await caught(() => manager.flags.copy({ name: 'f', version: 1, to }))).toMatchObject({ field: 'version' })
    }
  })
})

it('of two writers with different types, one gives the flag its type', async () => {
  const managers = await Promise.all([start(), start()])
  for (let round = 0; round < 10; round++) {
    const name = `race-${round}`
    const writes = [true, 'text', 1, {}].map((value, place) => managers[place % 2]?.flags.createVersion({ name, value }))
    const settled = await Promise.allSettled(writes)
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  }
})
