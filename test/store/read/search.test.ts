import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InvalidArgumentError } from '../../../src/shared/errors.js'
import { NOTES } from '../../kinds/a-kind.js'
import { useManagers } from '../../manager/managers.js'
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js'

const start = useManagers()
let database: TestDatabase
let pool: pg.Pool

beforeAll(async () => {
  database = await createTestDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 1 })
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const aManager = (project: string) => start({ database: database.url, redis: false, listen: false, project })
const names = ({ items }: { items: readonly unknown[] }) =>
  (items as { name?: string; context?: string }[]).map((item) => item.name ?? item.context)

describe('list({ search, searchIn })', () => {
  it('finds a text in the content of every kind, in any case, and not in what is not content', async () => {
    const manager = await aManager('kinds')
    const by = { changedBy: 'needle' }
    await manager.prompts.create({ name: 'text', template: 'a Needle in it', ...by })
    await manager.prompts.create({ name: 'chat', template: [{ role: 'user', content: 'NEEDLE' }], ...by })
    await manager.prompts.create({ name: 'about', template: 'x', description: 'a needle', ...by })
    await manager.prompts.create({ name: 'needle', template: 'x', ...by })
    await manager.models.create({ name: 'one', provider: 'ollama', model: 'needle-7b', ...by })
    await manager.models.create({ name: 'other', provider: 'ollama', model: 'm', parameters: { stop: ['needle'] }, ...by })
    await manager.embeddings.create({ name: 'one', embeddingModel: 'needle', ...by })
    await manager.flags.create({ name: 'one', value: 'needle', ...by })
    await manager.of(NOTES).create({ name: 'one', content: 'a needle', ...by })
    await manager.contextRules.create({ context: 'one', ignore: 'needles', ...by })
    await manager.contextRules.create({ context: 'none', ignore: 'pins', ...by })
    const inContent = { search: 'needle', searchIn: 'content' } as const

    expect(names(await manager.prompts.list(inContent))).toEqual(['about', 'chat', 'text'])
    expect(names(await manager.prompts.list({ search: 'needle' }))).toEqual(['needle'])
    expect(names(await manager.prompts.list({ search: 'needle', searchIn: 'all' }))).toEqual(['about', 'chat', 'needle', 'text'])
    expect(names(await manager.models.list(inContent))).toEqual(['one', 'other'])
    expect(names(await manager.embeddings.list(inContent))).toEqual(['one'])
    expect(names(await manager.flags.list(inContent))).toEqual(['one'])
    expect(names(await manager.of(NOTES).list(inContent))).toEqual(['one'])
    expect(names(await manager.contextRules.list(inContent))).toEqual(['one'])
  })

  it('takes every character as it stands', async () => {
    const manager = await aManager('characters')
    const stored = ['100%', 'a_b', String.raw`back\slash`, "quote'", 'ÄÖ ß', '{{name}}', 'line\nfeed']
    for (const [place, template] of stored.entries()) await manager.prompts.create({ name: `p${place}`, template, templateFormat: 'raw' })

    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...'%_\\\'{}abÄ ß0"'), async (search) => {
        const found = await manager.prompts.list({ search, searchIn: 'content' })
        const expected = stored.flatMap((text, place) => (text.toLowerCase().includes(search.toLowerCase()) ? [`p${place}`] : []))
        // Parameters are content too, and are `{}` here.
        if (!'{}'.includes(search)) expect(names(found)).toEqual(expected)
      }),
    )
  })

  it('names a place that is none', async () => {
    const manager = await aManager('places')
    for (const searchIn of [[], ['name'], 'names', null] as never[])
      await expect(manager.prompts.list({ search: 'x', searchIn })).rejects.toThrow(InvalidArgumentError)
  })

  it('can be served by the trigram index of docs/repositories.md', async () => {
    const manager = await aManager('trigrams')
    await pool.query('create extension if not exists pg_trgm')
    await pool.query('create index on agent_config.prompts using gin (lower(template) gin_trgm_ops)')
    await manager.prompts.create({ name: 'p', template: 'the needle' })
    await pool.query('set enable_seqscan = off')

    const { rows } = await pool.query(
      `explain select * from agent_config.prompts as entry where lower(entry.template::text) like lower('%needle%'::text)`,
    )

    expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('prompts_lower_idx')
  })
})

describe('history({ limit, before })', () => {
  it('comes in pages that together are all of it', async () => {
    const manager = await aManager('history')
    await manager.prompts.create({ name: 'p', template: '1' })
    for (let version = 2; version <= 7; version++) await manager.prompts.createVersion({ name: 'p', template: `${version}` })
    const whole = await manager.prompts.history({ name: 'p' })

    const pages = []
    for (let before: number | undefined; ; ) {
      const page = await manager.prompts.history({ name: 'p', limit: 3, ...(before !== undefined && { before }) })
      if (page.length === 0) break
      pages.push(page)
      before = page.at(-1)?.id
    }

    expect(pages.map((page) => page.length)).toEqual([3, 3, 1])
    expect(pages.flat()).toEqual(whole)
    await manager.contextRules.create({ context: 'c', important: 'x' })
    expect(await manager.contextRules.history({ context: 'c', limit: 1 })).toHaveLength(1)
    await expect(manager.prompts.history({ name: 'p', limit: 0 })).rejects.toThrow(/^limit/)
    await expect(manager.prompts.history({ name: 'p', before: 1.5 })).rejects.toThrow(/^before/)
  })
})
