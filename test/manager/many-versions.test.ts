import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../src/index.js'
import { PROMPT_KIND } from '../../src/kinds/prompt.js'
import { KindRegistry } from '../../src/kinds/registry.js'
import { EntityView } from '../../src/manager/entity-view.js'
import { openDatabase } from '../../src/store/postgres/open-database.js'
import { type LoadedDocument, loadDocuments } from '../../src/store/read/load-documents.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { heard, NO_POLL, refusal, useManagers } from './managers.js'
import { runSql } from './run-sql.js'

const BY = { changedBy: 'ada' } as const

let database: TestDatabase
let redis: Redis
let name = ''
let count = 0
const makeManager = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
  redis = new Redis(testRedisUrl())
})
afterAll(async () => {
  redis.disconnect()
  await database.drop()
})
beforeEach(() => {
  name = `old/friend-${++count}`
})

/** A prompt with so many versions, of which the last carries the label `production`. */
async function createVersions(total: number): Promise<void> {
  const manager = await makeManager({ database: database.url })
  await manager.prompts.create({ name, template: 'text 1', labels: ['production'] })
  // By hand, which is quicker; the triggers write the changelog as for every other write.
  await runSql(
    database.url,
    `insert into agent_config.prompts (project, name, version, type, template, template_format)
     select 'default', '${name}', version, 'text', 'text ' || version, 'f-string' from generate_series(2, ${total}) as version`,
  )
  await manager.prompts.promote({ name, version: total, ...BY })
}

/** What PostgreSQL makes of an entity now. */
async function documentOf(scope: string) {
  const { db, close } = openDatabase(database.url, 2_000)
  try {
    return (await loadDocuments(db, 'agent_config', new KindRegistry(), [scope])).get(scope) as LoadedDocument
  } finally {
    await close()
  }
}

describe('a prompt of very many versions', () => {
  it('has a document that is no longer than that of a prompt with a tenth of them', async () => {
    const lengths: number[] = []
    for (const total of [200, 2000]) {
      name = `${name}-${total}`
      await createVersions(total)
      const namespace = uniqueNamespace()
      const manager = await makeManager({ database: database.url, redis: testRedisUrl(), namespace })
      expect((await manager.getPrompt(name))?.version).toBe(total)
      // Beside the document there may be a short key that says who is loading it.
      const longest = async (): Promise<number> =>
        Math.max(...(await Promise.all((await redis.keys(`{${namespace}}*prompt:default:${name}`)).map((key) => redis.strlen(key)))))
      await expect.poll(longest).toBeGreaterThan(100)
      lengths.push(await longest())
    }
    const [few = 0, many = 0] = lengths
    expect(few).toBeGreaterThan(1_000)
    expect(many / few).toBeLessThan(1.1)
  })

  it('gives each of them by number, and those that are labelled or arms without asking', async () => {
    await createVersions(300)
    const manager = await makeManager({ database: database.url })
    await manager.prompts.promote({ name, version: 5, label: 'pinned', ...BY })
    expect((await manager.getPrompt(name, { label: 'pinned' }))?.template).toBe('text 5')
    for (const version of [1, 2, 5, 199, 200, 201, 202, 300])
      expect(await manager.getPrompt(name, { version }), `version ${version}`).toMatchObject({ version, template: `text ${version}` })
    expect(await manager.getPrompt(name, { version: 301 })).toBeUndefined()
    expect((await manager.getPrompt(name, { version: 5 }))?.labels).toEqual(['pinned'])
  })

  it('does not give an old one that is not active, and gives it again when it is', async () => {
    await createVersions(150)
    const [here, there] = [await makeManager({ database: database.url }), await makeManager({ database: database.url })]
    expect((await there.getPrompt(name, { version: 7 }))?.template).toBe('text 7')

    const { revision } = await here.prompts.deactivate({ name, version: 7, ...BY })
    await heard(there, revision)
    expect(await here.getPrompt(name, { version: 7 })).toBeUndefined()
    expect(await there.getPrompt(name, { version: 7 })).toBeUndefined()

    const again = await here.prompts.activate({ name, version: 7, ...BY })
    await heard(there, again.revision)
    expect((await there.getPrompt(name, { version: 7 }))?.template).toBe('text 7')
  })

  it('asks PostgreSQL once for an old one', async () => {
    await createVersions(150)
    const manager = await makeManager({ database: database.url })
    expect((await manager.getPrompt(name, { version: 7 }))?.template).toBe('text 7')
    await runSql(database.url, `alter table agent_config.prompts rename to prompts_away`)
    try {
      expect((await manager.getPrompt(name, { version: 7 }))?.template).toBe('text 7')
      expect(await refusal(manager.getPrompt(name, { version: 8 }))).toBeInstanceOf(Error)
    } finally {
      await runSql(database.url, `alter table agent_config.prompts_away rename to prompts`)
    }
  })

  it('catches up first where PostgreSQL knows a newer change of it than this process', async () => {
    await createVersions(150)
    const deaf = await makeManager({ database: database.url, listen: false, ...NO_POLL })
    expect((await deaf.getPrompt(name))?.version).toBe(150)
    const writer = await makeManager({ database: database.url })
    await writer.transaction(async ({ prompts }) => {
      await prompts.deactivate({ name, version: 7, ...BY })
      await prompts.promote({ name, version: 149, ...BY })
    }, BY)
    const { revision } = writer.stats()
    // One transaction is seen whole (G5): whoever knows that version 7 is gone knows of the promotion.
    expect(deaf.stats().revision).not.toBe(revision)
    expect(await deaf.getPrompt(name, { version: 7 })).toBeUndefined()
    expect(deaf.stats().revision).toBe(revision)
    expect((await deaf.getPrompt(name))?.version).toBe(149)
  })

  it('is read from a snapshot file of a release whose documents listed every version', async () => {
    await createVersions(3)
    const { text, revision } = await documentOf(`prompt:default:${name}`)
    const { since, ...earlier } = JSON.parse(text)
    expect(since).toBe(1)
    const view = (document: object) => EntityView.parse(PROMPT_KIND, JSON.stringify(document), revision)
    const [all, listed] = [view(earlier), view({ ...earlier, since: 3, versions: earlier.versions.slice(2) })]
    expect([1, 2, 3, 4].map((version) => [all.lists(version), all.entry(version)?.version])).toEqual([
      [true, 1],
      [true, 2],
      [true, 3],
      [true, undefined],
    ])
    expect([1, 3, 4].map((version) => listed.lists(version))).toEqual([false, true, true])
    expect(all.equals(listed) && listed.equals(all)).toBe(true)
    expect(all.equals(view({ ...earlier, since: 3, versions: [] }))).toBe(false)
  })

  it('says that PostgreSQL is needed where it does not answer', async () => {
    await createVersions(150)
    const manager = await makeManager({ database: database.url, timeouts: { readMs: 3_000 } })
    expect((await manager.getPrompt(name))?.version).toBe(150)
    await database.drop()
    try {
      expect(await refusal(manager.getPrompt(name, { version: 7 }))).toBeInstanceOf(StoreUnavailableError)
      expect((await manager.getPrompt(name))?.version).toBe(150)
    } finally {
      database = await createTestDatabase()
    }
  })
})
