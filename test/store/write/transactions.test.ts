import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ConfigChange } from '../../../src/entities/config-change.js'
import type { RepositoryOptions } from '../../../src/store/write/open-recorder.js'
import { caught, repositoriesOn, useStore } from '../fixture.js'

const store = useStore()
let host: Kysely<Record<string, never>>

beforeAll(async () => {
  host = new Kysely({ dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: store.url, max: 3 }) }) })
  await store.sql('create table public.audit (entry text)')
})
beforeEach(() => store.sql('delete from public.audit'))
afterAll(() => host.destroy())

async function state() {
  const [found] = await store.sql<{ revision: string; changes: string; heads: string; audit: string }>(`select
    (select revision from agent_config.config_state), (select count(*) from agent_config.config_changelog) as changes,
    (select coalesce(max(revision), 0) from agent_config.config_heads) as heads, (select count(*) from public.audit) as audit`)
  return { revision: Number(found?.revision), changes: Number(found?.changes), heads: Number(found?.heads), audit: Number(found?.audit) }
}

function hooked(beforeCommit: NonNullable<RepositoryOptions['hooks']>['beforeCommit']) {
  return store.repositories({ hooks: { beforeCommit } as never })
}

describe('a beforeCommit hook', () => {
  it('can write to a table of the host in the same transaction', async () => {
    const seen: ConfigChange[] = []
    const { prompts } = hooked(async (change, transaction) => {
      seen.push(change)
      await sql`insert into public.audit values (${change.changeType})`.execute(transaction as Kysely<unknown>)
    })

    const { revision } = await prompts.create({ name: 'a', template: 'x', changedBy: 'ada' })

    expect(seen).toEqual(await prompts.history({ name: 'a' }))
    expect(seen[0]).toMatchObject({ revision, changeType: 'create', changedBy: 'ada', id: expect.any(Number) })
    expect(await store.sql('select * from public.audit')).toEqual([{ entry: 'create' }])
  })

  it('aborts the write by a throw, which leaves nothing, not even a revision', async () => {
    const { prompts } = hooked(async (_change, transaction) => {
      await sql`insert into public.audit values ('aborted')`.execute(transaction as Kysely<unknown>)
      throw new RangeError('not on a Friday')
    })
    const before = await state()

    const error = await caught(() => prompts.create({ name: 'a', template: 'x' }))

    expect(error).toBeInstanceOf(RangeError)
    expect(await state()).toEqual(before)
    expect(await prompts.find({ name: 'a' })).toBeUndefined()
  })

  it('is told once for each change of a write', async () => {
    const seen: (number | null)[] = []
    const { prompts } = hooked((change) => void seen.push(change.newVersion))
    await prompts.create({ name: 'a', template: 'x', labels: [] })
    await prompts.createVersion({ name: 'a', template: 'x', labels: [] })

    await prompts.deactivate({ name: 'a' })

    expect(seen).toEqual([1, 2, 1, 2])
  })

  it('cannot write through repositories of its own store, where it would wait for itself', async () => {
    const errors: Error[] = []
    const { prompts } = hooked(async () => {
      errors.push(await caught(() => prompts.create({ name: 'b', template: 'x' })), await caught(() => prompts.find({ name: 'b' })))
    })

    await prompts.create({ name: 'a', template: 'x' })

    expect(errors).toMatchObject([
      { code: 'E_INVALID_ARGUMENT', field: 'transaction' },
      { code: 'E_INVALID_ARGUMENT', field: 'transaction' },
    ])
    expect(await prompts.create({ name: 'b', template: 'x' })).toMatchObject({ version: 1 })
  })

  it('cannot edit configurations by plain SQL, which the announcement would not name', async () => {
    const { prompts } = hooked(async (_change, transaction) => {
      await sql`update agent_config.prompts set is_active = false`.execute(transaction as Kysely<unknown>)
    })

    const error = await caught(() => prompts.create({ name: 'a', template: 'x' }))

    expect(error.message).toContain('announced already')
  })

  it("has errors of the host's own tables reach the host as they are", async () => {
    const { prompts } = hooked(
      (_change, transaction) => sql`insert into public.nowhere values (1)`.execute(transaction as Kysely<unknown>) as never,
    )

    expect(await caught(() => prompts.create({ name: 'a', template: 'x' }))).toMatchObject({ code: '42P01' })
  })
})

it('tells afterCommit when the write is committed, and goes on when it throws', async () => {
  const seen: unknown[] = []
  const told = withResolvers()
  const { prompts } = store.repositories({
    hooks: {
      afterCommit: async (change) => {
        seen.push(await store.sql('select count(*)::integer as n from agent_config.config_changelog where id = $1', [change.id]))
        told.resolve()
        throw new Error('nobody listens')
      },
    },
  })

  await prompts.create({ name: 'a', template: 'x' })

  await told.promise
  expect(seen).toEqual([[{ n: 1 }]])
})

describe("a write in a transaction of the host's", () => {
  it('commits with it: nothing is seen before, and propagated is undefined', async () => {
    const { prompts, project } = store.repositories()
    const before = await state()

    const written = await host.transaction().execute(async (transaction) => {
      const inside = repositoriesOn(transaction, { project })
      const written = await inside.prompts.create({ name: 'a', template: 'x' })
      expect(await inside.prompts.find({ name: 'a' })).toMatchObject({ version: 1 })
      expect(await prompts.find({ name: 'a' })).toBeUndefined()
      await sql`insert into public.audit values ('host')`.execute(transaction)
      return written
    })

    expect(written).toMatchObject({ version: 1, propagated: undefined, revision: before.revision + 1 })
    expect(await prompts.find({ name: 'a' })).toMatchObject({ revision: written.revision })
    expect(await state()).toEqual({ revision: before.revision + 1, changes: before.changes + 1, heads: before.revision + 1, audit: 1 })
  })

  it('rolls back with it', async () => {
    const { project } = store.repositories()
    const before = await state()

    await caught(() =>
      host.transaction().execute(async (transaction) => {
        await repositoriesOn(transaction, { project }).prompts.create({ name: 'a', template: 'x' })
        throw new Error('changed my mind')
      }),
    )

    expect(await state()).toEqual(before)
  })

  it('shares its revision with the other writes and plain edits of the transaction', async () => {
    const { prompts, project } = store.repositories()
    const before = await state()

    await host.transaction().execute(async (transaction) => {
      const inside = repositoriesOn(transaction, { project })
      await inside.prompts.create({ name: 'a', template: 'x', labels: [] })
      await sql`update agent_config.prompts set is_active = false where project = ${project}`.execute(transaction)
      await inside.models.create({ name: 'm', provider: 'p', model: 'm' })
      await Promise.all([inside.prompts.create({ name: 'b', template: 'x' }), inside.contextRules.create({ context: 'c' })])
    })

    const { items } = await store.repositories({ project }).changelog.list({ project })
    expect(new Set(items.map((change) => change.revision))).toEqual(new Set([before.revision + 1]))
    expect(items.map((change) => change.changeType).sort()).toEqual(['create', 'create', 'create', 'create', 'sql'])
    expect((await state()).revision).toBe(before.revision + 1)
    expect(await prompts.find({ name: 'a' })).toBeUndefined()
  })

  it('leaves the transaction usable when it fails, takes no revision, and plain edits after it are noticed', async () => {
    const { prompts, project } = store.repositories()
    await prompts.create({ name: 'a', template: 'x', labels: [] })
    const before = await state()

    await host.transaction().execute(async (transaction) => {
      const inside = repositoriesOn(transaction, { project })
      expect(await caught(() => inside.prompts.promote({ name: 'a', version: 7 }))).toMatchObject({ code: 'E_NOT_FOUND' })
    })
    const afterFailure = await state()
    await host.transaction().execute(async (transaction) => {
      const inside = repositoriesOn(transaction, { project })
      await caught(() => inside.prompts.promote({ name: 'a', version: 7 }))
      await sql`update agent_config.prompts set is_active = false where project = ${project}`.execute(transaction)
    })

    expect(afterFailure).toEqual(before)
    expect(await state()).toMatchObject({ revision: before.revision + 1, changes: before.changes + 1, heads: before.revision + 1 })
  })

  it('takes no revision when it has nothing to write', async () => {
    const { prompts, project } = store.repositories()
    await prompts.create({ name: 'a', template: 'x' })
    const before = await state()

    await host.transaction().execute(async (transaction) => {
      await repositoriesOn(transaction, { project }).prompts.activate({ name: 'a', version: 1 })
    })

    expect(await state()).toEqual(before)
  })

  it('lets its hook write further configurations in the same transaction', async () => {
    const { prompts, models, project } = store.repositories()
    const before = await state()

    await host.transaction().execute(async (transaction) => {
      const hooks = { beforeCommit: async () => void (await repositoriesOn(transaction, { project }).models.create(aModel)) }
      const aModel = { name: 'm', provider: 'p', model: 'm' }
      await repositoriesOn(transaction, { project, hooks }).prompts.create({ name: 'a', template: 'x' })
    })

    expect((await prompts.find({ name: 'a' }))?.revision).toBe(before.revision + 1)
    expect((await models.find({ name: 'm' }))?.revision).toBe(before.revision + 1)
    expect((await state()).changes).toBe(before.changes + 2)
  })

  it('is taken back by a hook that throws, even when the host goes on', async () => {
    const { prompts, project } = store.repositories()
    const hooks = { beforeCommit: () => Promise.reject(new Error('no')) }
    const before = await state()

    await host.transaction().execute(async (transaction) => {
      await caught(() => repositoriesOn(transaction, { project, hooks }).prompts.create({ name: 'a', template: 'x' }))
      await sql`insert into public.audit values ('host')`.execute(transaction)
    })

    expect(await state()).toEqual({ ...before, audit: 1 })
    expect(await prompts.find({ name: 'a' })).toBeUndefined()
  })
})

function withResolvers() {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
