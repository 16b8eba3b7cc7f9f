import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager } from '../../../src/index.js'
import { NOTES } from '../../kinds/a-kind.js'
import { caught, repositoriesOn, useStore } from '../fixture.js'

const store = useStore()
let manager: ConfigurationManager
let other: ConfigurationManager

beforeAll(async () => {
  const open = () => createConfigManager({ database: store.url, redis: false, kinds: [NOTES] })
  manager = open()
  other = open()
  await Promise.all([manager.ready(), other.ready()])
})
afterAll(() => Promise.all([manager.shutdown(), other.shutdown()]))

const REFUSED = { name: 'ChangedError', code: 'E_CHANGED' }

/** A prompt with two versions, the first in production and the second in staging; gives its last revision. */
async function aPrompt(name: string): Promise<number> {
  await manager.prompts.create({ name, template: 'One', labels: ['production'] })
  return (await manager.prompts.createVersion({ name, template: 'Two', labels: ['staging'] })).revision
}

type Verb = (name: string, ifUnchangedSince: number) => Promise<unknown>

describe('ifUnchangedSince', () => {
  const verbs: Record<string, Verb> = {
    create: async (name, ifUnchangedSince) => manager.prompts.create({ name, template: 'x', ifUnchangedSince }),
    createVersion: (name, ifUnchangedSince) => manager.prompts.createVersion({ name, template: 'x', ifUnchangedSince }),
    promote: (name, ifUnchangedSince) => manager.prompts.promote({ name, version: 2, ifUnchangedSince }),
    rollback: (name, ifUnchangedSince) => manager.prompts.rollback({ name, label: 'staging', ifUnchangedSince }),
    removeLabel: (name, ifUnchangedSince) => manager.prompts.removeLabel({ name, label: 'staging', ifUnchangedSince }),
    deactivate: (name, ifUnchangedSince) => manager.prompts.deactivate({ name, version: 1, force: true, ifUnchangedSince }),
    activate: (name, ifUnchangedSince) => manager.prompts.activate({ name, version: 1, ifUnchangedSince }),
    'copy from it': (name, ifUnchangedSince) => manager.prompts.copy({ name, version: 1, to: { name: `${name}-copy` }, ifUnchangedSince }),
    'copy to it': (name, ifUnchangedSince) => manager.prompts.copy({ name: 'source', version: 1, to: { name }, ifUnchangedSince }),
    'start of a rollout': (name, ifUnchangedSince) =>
      manager.rollouts.start({ kind: 'prompt', name, arms: [{ version: 2, weight: 1 }], ifUnchangedSince }),
    purge: (name, ifUnchangedSince) =>
      manager.purge({ kind: 'prompt', name, version: 3, changedBy: 'ada', summary: 'a secret', ifUnchangedSince }),
  }
  beforeAll(() => aPrompt('source'))

  it.each(Object.entries(verbs))('refuses %s when the entity was changed since, and nothing is written', async (verb, write) => {
    const name = `since-${verb}`
    const revision = await aPrompt(name)
    await other.prompts.createVersion({ name, template: 'Three', labels: [] })
    const before = await manager.changelog.list({ limit: 1 })

    const refused = await caught(() => write(name, revision))

    expect(refused).toMatchObject({ ...REFUSED, expected: revision, actual: revision + 1 })
    expect((refused as Error).message).toContain(`prompt:default:${name}`)
    expect(await manager.changelog.list({ limit: 1 })).toEqual(before)
  })

  it('lets a write through when only others were changed, and says which revision is the next', async () => {
    const revision = await aPrompt('alone')
    await aPrompt('beside')
    const promoted = await manager.prompts.promote({ name: 'alone', version: 2, ifUnchangedSince: revision })
    const removed = await manager.prompts.removeLabel({ name: 'alone', label: 'staging', ifUnchangedSince: promoted.revision })

    expect(await caught(() => manager.prompts.rollback({ name: 'alone', ifUnchangedSince: promoted.revision }))).toMatchObject(REFUSED)
    expect((await manager.prompts.rollback({ name: 'alone', ifUnchangedSince: removed.revision })).version).toBe(1)
  })

  it('takes the revision of a cached read, and 0 for a name that nobody has written', async () => {
    await aPrompt('read')
    const read = await other.getPrompt('read')
    const born = await manager.prompts.createVersion({ name: 'unborn', template: 'x', ifUnchangedSince: 0 })

    expect((await manager.prompts.promote({ name: 'read', version: 2, ifUnchangedSince: read!.revision })).version).toBe(2)
    expect(await caught(() => other.prompts.createVersion({ name: 'unborn', template: 'y', ifUnchangedSince: 0 }))).toMatchObject({
      ...REFUSED,
      expected: 0,
      actual: born.revision,
    })
  })

  it.each(['models', 'embeddings', 'flags', 'notes', 'contextRules'] as const)('is there for %s', async (kind) => {
    const contents = {
      models: { name: 'k', provider: 'ollama', model: 'x' },
      embeddings: { name: 'k', embeddingModel: 'x' },
      flags: { name: 'k', value: true },
      notes: { name: 'k', content: 'x' },
      contextRules: { context: 'k', important: 'x' },
    }
    const repository = (kind === 'notes' ? manager.of(NOTES) : manager[kind]) as unknown as typeof manager.prompts
    const draft = contents[kind] as unknown as { name: string; template: string }
    const { revision } = await repository.create(draft)
    const second = await repository.createVersion({ ...draft, ifUnchangedSince: revision })

    expect(await caught(() => repository.createVersion({ ...draft, ifUnchangedSince: revision }))).toMatchObject(REFUSED)
    expect(second.version).toBe(2)
  })

  it('notices steps of a rollout as changes of what it runs on', async () => {
    const revision = await aPrompt('rolled')
    const started = await manager.rollouts.start({ kind: 'prompt', name: 'rolled', arms: [{ version: 2, weight: 1 }], coverage: 5 })
    const ramped = await manager.rollouts.ramp(started.id, { coverage: 10, ifUnchangedSince: started.revision })

    expect(await caught(() => manager.rollouts.ramp(started.id, { coverage: 20, ifUnchangedSince: started.revision }))).toMatchObject(
      REFUSED,
    )
    expect(await caught(() => manager.prompts.createVersion({ name: 'rolled', template: 'x', ifUnchangedSince: revision }))).toMatchObject(
      REFUSED,
    )
    expect((await manager.rollouts.conclude(started.id, { ifUnchangedSince: ramped.revision })).status).toBe('concluded')
  })

  it('lets one of twenty writers through two workers win', async () => {
    const revision = await aPrompt('raced')
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, place) =>
        (place % 2 ? manager : other).prompts.createVersion({ name: 'raced', template: `By ${place}`, ifUnchangedSince: revision }),
      ),
    )
    const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))

    expect(refusals).toHaveLength(19)
    for (const refused of refusals) expect(refused).toMatchObject(REFUSED)
    expect(await manager.prompts.versions({ name: 'raced' })).toHaveLength(3)
  })

  it('loses no addition when twenty writers read, add and write again until it is accepted', async () => {
    await manager.prompts.create({ name: 'added', template: 'w', labels: ['production'] })
    const add = async (worker: ConfigurationManager, word: string): Promise<void> => {
      const read = await worker.prompts.find({ name: 'added' })
      try {
        await worker.prompts.createVersion({ name: 'added', template: `${read!.template} ${word}`, ifUnchangedSince: read!.revision })
      } catch (error) {
        if ((error as { code?: string }).code !== 'E_CHANGED') throw error
        await add(worker, word)
      }
    }
    const words = Array.from({ length: 20 }, (_, place) => `w${place}`)
    await Promise.all(words.map((word, place) => add(place % 2 ? manager : other, word)))

    const { template } = (await manager.prompts.find({ name: 'added' })) as { template: string }
    expect(template.split(' ').sort()).toEqual(['w', ...words].sort())
  })

  it('does not count what the same transaction has written, and counts what others have', async () => {
    const revision = await aPrompt('within')
    await manager.transaction(async ({ prompts }) => {
      await prompts.createVersion({ name: 'within', template: 'Three', ifUnchangedSince: revision })
      await prompts.promote({ name: 'within', version: 3, ifUnchangedSince: revision })
    })
    const undone = await caught(() =>
      manager.transaction(async ({ prompts }) => {
        await prompts.createVersion({ name: 'within-other', template: 'x' })
        await prompts.promote({ name: 'within', version: 1, ifUnchangedSince: revision })
      }),
    )

    expect(undone).toMatchObject(REFUSED)
    expect(await manager.prompts.find({ name: 'within-other' })).toBeUndefined()
    expect((await manager.prompts.find({ name: 'within', label: 'production' }))?.version).toBe(3)
  })

  it('has to be given to the first write of an entity within a transaction: later ones cannot tell what others changed before', async () => {
    const revision = await aPrompt('hidden')
    await other.prompts.createVersion({ name: 'hidden', template: 'By another' })
    const late = (first: number | undefined) =>
      manager.transaction(async ({ prompts }) => {
        await prompts.createVersion({ name: 'hidden', template: 'Mine', ...(first !== undefined && { ifUnchangedSince: first }) })
        await prompts.promote({ name: 'hidden', version: 1, ifUnchangedSince: revision })
      })

    for (const first of [undefined, revision + 1])
      await expect(late(first)).rejects.toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'ifUnchangedSince' })
    expect(await manager.prompts.versions({ name: 'hidden' })).toHaveLength(3)
  })

  it.each([0, 1_000])('refuses a revision that is %i beyond the next: the log does not have it', async (beyond) => {
    const revision = await aPrompt(`future-${beyond}`)
    const refused = await caught(() =>
      manager.prompts.promote({ name: `future-${beyond}`, version: 2, ifUnchangedSince: revision + 1 + beyond }),
    )

    expect(refused).toMatchObject({ ...REFUSED, expected: revision + 1 + beyond, actual: revision })
    expect((refused as Error).message).toMatch(/^Revision \d+ is not in the log, which ends at \d+/)
  })

  it('leaves a transaction of the host usable', async () => {
    const host = new Kysely<Record<string, never>>({
      dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: store.url, max: 1 }) }),
    })
    const revision = await aPrompt('hosted')
    await other.prompts.createVersion({ name: 'hosted', template: 'Three' })
    const written = await host.transaction().execute(async (transaction) => {
      const { prompts } = repositoriesOn(transaction as never, { project: 'default' })
      const refused = await caught(() => prompts.promote({ name: 'hosted', version: 2, ifUnchangedSince: revision }))
      return { refused, next: await prompts.promote({ name: 'hosted', version: 3, ifUnchangedSince: revision + 1 }) }
    })
    await host.destroy()

    expect(written).toMatchObject({ refused: REFUSED, next: { version: 3 } })
  })

  it('notices an edit by plain SQL', async () => {
    const revision = await aPrompt('edited')
    await store.sql(`update agent_config.prompt_labels set version = 2 where name = 'edited' and label = 'production'`)

    expect(await caught(() => manager.prompts.promote({ name: 'edited', version: 2, ifUnchangedSince: revision }))).toMatchObject(REFUSED)
  })

  it.each([-1, 1.5, '3', Number.NaN, null])('must be a revision: not %j', async (ifUnchangedSince) => {
    await expect(
      manager.prompts.createVersion({ name: 'x', template: 'x', ifUnchangedSince: ifUnchangedSince as number }),
    ).rejects.toMatchObject({
      code: 'E_INVALID_ARGUMENT',
      field: 'ifUnchangedSince',
    })
  })

  it('belongs to one entity: transaction() and ensure() do not take it', async () => {
    const options = { ifUnchangedSince: 1 } as object
    await expect(manager.transaction(async () => {}, options)).rejects.toMatchObject({ code: 'E_INVALID_ARGUMENT' })
    await expect(manager.prompts.ensure([], options)).rejects.toMatchObject({ code: 'E_INVALID_ARGUMENT' })
  })
})
