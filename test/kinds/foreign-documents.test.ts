import { describe, expect, it } from 'vitest'
import type { ConfigManagerOptions } from '../../src/index.js'
import { eventsOf } from '../manager/managers.js'
import { withRedis } from '../manager/redis-keys.js'
import { NOTES, TOOLS } from './a-kind.js'
import { useProject } from './a-project.js'

const { start, project } = useProject('foreign-entries')
const SECRET = 'a secret of at least 32 bytes, from a vault'

/** A flag and two entries of a host's kinds, in PostgreSQL and in Redis. */
async function stored(more: ConfigManagerOptions = {}) {
  const writer = await start({ ...more, kinds: [TOOLS, NOTES] })
  await writer.flags.create({ name: 'f', value: 'right', labels: ['production'] })
  await writer.of(TOOLS).create({ name: 't', content: { description: 'right' }, labels: ['production'] })
  await writer.of(NOTES).create({ name: 'n', content: 'right' })
  return start({ ...more, kinds: [TOOLS, NOTES] })
}

/** Rewrites what Redis holds of a scope, keeping the line before it: the stamp, and what signs it. */
async function forge(scope: string, edit: (text: string) => string): Promise<void> {
  await withRedis(async (client) => {
    const [key = ''] = await client.keys(`*:e:${scope}`)
    const value = (await client.get(key)) ?? ''
    const end = value.indexOf('\n') + 1
    expect(value.slice(end)).toContain('right')
    await client.set(key, value.slice(0, end) + edit(value.slice(end)))
  })
}

const read = async (reader: Awaited<ReturnType<typeof stored>>) => ({
  flag: await reader.getFlagDetails('f', ''),
  tool: await reader.of(TOOLS).get('t'),
  note: await reader.of(NOTES).get('n'),
})

const SCOPES = () => [`flag:${project()}:f`, `tool:${project()}:t`, `note:${project()}:n`]

describe('documents in Redis of flags and of a host’s kinds', () => {
  it.each([
    ['that are cut', (text: string) => text.slice(0, -2)],
    ['of another shape', () => '{"labels":{"production":1},"right":true}'],
    ['without the column of the content', (text: string) => text.replaceAll(/"content": ?/g, '"other":')],
  ])('%s are a miss, told once, and read from PostgreSQL', async (_title, edit) => {
    const reader = await stored()
    for (const scope of SCOPES()) await forge(scope, edit)
    const { of } = eventsOf(reader)

    const { flag, tool, note } = await read(reader)

    expect([flag.value, tool?.content.description, note?.content]).toEqual(['right', 'right', 'right'])
    expect([flag.source, tool?.source, note?.source]).toEqual(['database', 'database', 'database'])
    expect(of('error')).toHaveLength(3)
    expect((await reader.verify()).mismatches).toEqual([])
  })

  it('are signed with redisSecret, and refused when somebody rewrote them into something that would do', async () => {
    const reader = await stored({ redisSecret: SECRET })
    for (const scope of SCOPES()) await forge(scope, (text) => text.replaceAll('right', 'wrong'))

    const { flag, tool, note } = await read(reader)

    expect([flag.value, tool?.content.description, note?.content]).toEqual(['right', 'right', 'right'])
  })

  it('are served as they are when nobody touched them', async () => {
    const reader = await stored({ redisSecret: SECRET })

    const { flag, tool, note } = await read(reader)

    expect([flag.source, tool?.source, note?.source]).toEqual(['redis', 'redis', 'redis'])
  })
})
