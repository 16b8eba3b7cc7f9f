import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { spawnWorker, type Worker } from '../../support/spawn-worker.js'
import { useStore } from '../fixture.js'
import type { WriterHandlers } from '../writer-process.js'

const store = useStore()
const WRITER = new URL('../writer-process.ts', import.meta.url)
let workers: Worker<WriterHandlers>[]

beforeAll(async () => {
  workers = await Promise.all(Array.from({ length: 5 }, () => spawnWorker<WriterHandlers>(WRITER)))
})
afterAll(() => Promise.all(workers.map((worker) => worker.kill())))

describe.each(['read committed', 'repeatable read'])('with %s as the default of the database', (level) => {
  const name = level.replace(' ', '-')

  beforeAll(() => store.sql(`alter database ${new URL(store.url).pathname.slice(1)} set default_transaction_isolation = '${level}'`))

  it('loses no version, no label and no change when five processes write to one prompt', async () => {
    const answers = await Promise.all(workers.map((worker) => worker.ask('write', store.url, name, 8)))

    const versions = answers.flat().sort((a, b) => a - b)
    expect(versions).toEqual(Array.from({ length: 40 }, (_, place) => place + 1))
    for (const own of answers) expect(own).toEqual([...own].sort((a, b) => a - b))
    const stored = await store.sql<{ version: number }>('select version from agent_config.prompts where name = $1 order by version', [name])
    expect(stored.map((row) => row.version)).toEqual(versions)
  })

  it('has a changelog whose order, replayed, gives the labels there are', async () => {
    const rows = await store.sql<{ revision: string; new_data: { labels: Record<string, number> }; previous_data: { labels: object } }>(
      'select revision, previous_data, new_data from agent_config.config_changelog where config_name = $1 order by revision, id',
      [name],
    )
    const labels: Record<string, number | null> = {}
    for (const { previous_data, new_data } of rows) {
      for (const [label, from] of Object.entries(previous_data.labels)) expect(labels[label] ?? null).toBe(from)
      Object.assign(labels, new_data.labels)
    }

    const stored = await store.sql<{ label: string; version: number }>(
      'select label, version from agent_config.prompt_labels where name = $1',
      [name],
    )

    expect(rows).toHaveLength(80)
    expect(labels).toEqual(Object.fromEntries(stored.map((row) => [row.label, row.version])))
  })

  it('lets exactly one of five processes create a prompt', async () => {
    const created = await Promise.all(workers.map((worker) => worker.ask('create', store.url, `${name}-once`)))

    expect(created.filter(Boolean)).toHaveLength(1)
  })
})

it('gives revisions without a gap, in the order of the changelog, and the heads are the last of them', async () => {
  const rows = await store.sql<{ id: string; revision: string }>('select id, revision from agent_config.config_changelog order by id')
  const [state] = await store.sql(
    'select revision, (select max(revision) from agent_config.config_heads) as head from agent_config.config_state',
  )

  const revisions = rows.map((row) => Number(row.revision))
  expect(revisions).toEqual(Array.from({ length: revisions.length }, (_, place) => place + 1))
  expect(state).toEqual({ revision: String(revisions.length), head: String(revisions.length) })
})

it('stamps what a statement reads with a revision that contains exactly the changes up to it', async () => {
  const reader = new pg.Client({ connectionString: store.url })
  await reader.connect()
  let isWriting = true
  const writing = Promise.all(workers.slice(0, 4).map((worker) => worker.ask('write', store.url, 'stamped', 6))).finally(() => {
    isWriting = false
  })
  const reads: { as_of: string; changes: number; versions: number }[] = []
  const [{ before }] = (await reader.query('select revision::integer as before from agent_config.config_state')).rows

  while (isWriting) {
    const { rows } = await reader.query(`select state.revision as as_of,
      (select count(*)::integer from agent_config.config_changelog) as changes,
      (select count(*)::integer from agent_config.prompts where name = 'stamped') as versions from agent_config.config_state as state`)
    reads.push(rows[0])
  }
  await writing
  await reader.end()

  expect(reads.length).toBeGreaterThan(5)
  for (const { as_of, changes } of reads) expect(changes).toBe(Number(as_of))
  expect(reads.at(-1)?.versions).toBeGreaterThan(0)
  expect(Number(reads.at(-1)?.as_of)).toBeGreaterThan(before)
})
