import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isConfigError } from '../../../src/shared/errors.js'
import { openDatabase } from '../../../src/store/postgres/open-database.js'
import { prune } from '../../../src/store/write/prune.js'
import { type StoreFixture, useStore } from '../fixture.js'

const store = useStore()

type Prompts = ReturnType<StoreFixture['repositories']>['prompts']

/** One step of a history; numbers pick among what there is. */
type Step =
  | { readonly do: 'version'; readonly labels: readonly string[] }
  | { readonly do: 'promote'; readonly version: number; readonly label: string }
  | { readonly do: 'sql'; readonly version: number; readonly label: string }
  | { readonly do: 'rollback'; readonly label: string }
  | { readonly do: 'remove'; readonly label: string }
  | { readonly do: 'deactivate'; readonly version: number; readonly force: boolean }
  | { readonly do: 'activate'; readonly version: number }

const label = fc.constantFrom('production', 'canary')
const version = fc.integer({ min: 1, max: 5 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('version' as const), labels: fc.subarray(['production', 'canary']) }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('promote' as const), version, label }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rollback' as const), label }) },
  fc.record({ do: fc.constant('remove' as const), label }),
  fc.record({ do: fc.constant('deactivate' as const), version, force: fc.boolean() }),
  fc.record({ do: fc.constant('activate' as const), version }),
  fc.record({ do: fc.constant('sql' as const), version, label }),
)

/** What the labels of one prompt do, as plainly as it can be said. */
class PlainModel {
  readonly active: boolean[] = []
  readonly labels = new Map<string, number>()
  /** Where each label was before each of its moves. */
  readonly #left: { readonly label: string; readonly version: number }[] = []

  /** @returns whether the step is possible */
  apply(action: Step): boolean {
    if (action.do === 'version') {
      this.active.push(true)
      for (const label of action.labels) this.#move(label, this.active.length)
      return true
    }
    if (action.do === 'promote' || action.do === 'sql') {
      const isPossible = action.do === 'sql' ? action.version <= this.active.length : this.#isActive(action.version)
      if (isPossible) this.#move(action.label, action.version)
      return isPossible
    }
    if (action.do === 'rollback') {
      const before = this.#left.findLast(
        (left) => left.label === action.label && left.version !== this.labels.get(action.label) && this.#isActive(left.version),
      )
      if (before) this.#move(action.label, before.version)
      return before !== undefined
    }
    if (action.do === 'remove') return this.#remove(action.label)
    if (action.do === 'deactivate') {
      const carried = [...this.labels].filter(([, target]) => target === action.version).map(([label]) => label)
      if (!this.#isActive(action.version) || (carried.length > 0 && !action.force)) return false
      for (const label of carried) this.#remove(label)
      this.active[action.version - 1] = false
      return true
    }
    if (action.version > this.active.length) return false
    this.active[action.version - 1] = true
    return true
  }

  #isActive(version: number): boolean {
    return this.active[version - 1] === true
  }

  #move(label: string, version: number): void {
    const from = this.labels.get(label)
    if (from !== undefined) this.#left.push({ label, version: from })
    this.labels.set(label, version)
  }

  #remove(label: string): boolean {
    const from = this.labels.get(label)
    if (from === undefined) return false
    this.#left.push({ label, version: from })
    return this.labels.delete(label)
  }
}

it('moves labels as a plain model of them does, in 100 random histories', async () => {
  let last = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 18 }), async (steps) => {
      const { prompts } = store.repositories()
      const name = `history-${++last}`
      const model = new PlainModel()

      for (const action of steps) expect(await perform(prompts, name, action), JSON.stringify(action)).toBe(model.apply(action))

      expect(await labelsOf(prompts, name)).toEqual(Object.fromEntries([...model.labels].sort()))
    }),
    { numRuns: 100 },
  )
})

it('moves them the same after a prune, wherever in the history it comes', async () => {
  const { db, close } = openDatabase(store.url, 2_000)
  let last = 0
  let pruned = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 8, maxLength: 18 }),
      fc.array(fc.oneof(step, fc.record({ do: fc.constant('rollback' as const), label })), { maxLength: 10 }),
      async (before, after) => {
        const { prompts } = store.repositories()
        const name = `pruned-${++last}`
        const model = new PlainModel()

        for (const action of before) expect(await perform(prompts, name, action)).toBe(model.apply(action))
        pruned += (await prune(db, 'agent_config', { before: new Date(Date.now() + 60_000) })).changelog
        for (const action of after) expect(await perform(prompts, name, action), JSON.stringify(action)).toBe(model.apply(action))

        expect(await labelsOf(prompts, name)).toEqual(Object.fromEntries([...model.labels].sort()))
      },
    ),
    { numRuns: 25 },
  )
  await close()
  expect(pruned).toBeGreaterThan(0)
})

it('prunes only what is older than the moment, and never the newest revision from before it', async () => {
  const { prompts, project, changelog } = store.repositories()
  const { db, close } = openDatabase(store.url, 2_000)
  await prompts.create({ name: 'a', template: 'x', labels: [] })
  await prompts.promote({ name: 'a', version: 1, label: 'canary' })
  const { changedAt } = (await changelog.list({ project })).items[0] as { changedAt: string }
  await prompts.deactivate({ name: 'a' })
  await prompts.activate({ name: 'a', version: 1 })

  await prune(db, 'agent_config', { before: new Date(new Date(changedAt).getTime() + 1) })
  const kept = (await prompts.history({ name: 'a' })).map((change) => change.changeType)
  await prune(db, 'agent_config', { before: new Date(Date.now() + 60_000) })
  const rest = (await prompts.history({ name: 'a' })).map((change) => change.changeType)
  await close()

  expect(kept.slice(0, 2)).toEqual(['activate', 'deactivate'])
  expect(kept).not.toContain('create')
  expect(rest).toEqual(['activate'])
})

/** @returns whether the store carried it out */
async function perform(prompts: Prompts, name: string, action: Step): Promise<boolean> {
  try {
    if (action.do === 'version') await prompts.createVersion({ name, template: 'x', labels: action.labels })
    else if (action.do === 'promote') await prompts.promote({ name, version: action.version, label: action.label })
    else if (action.do === 'rollback') await prompts.rollback({ name, label: action.label })
    else if (action.do === 'remove') await prompts.removeLabel({ name, label: action.label })
    else if (action.do === 'deactivate') await prompts.deactivate({ name, version: action.version, force: action.force })
    else if (action.do === 'activate') await prompts.activate({ name, version: action.version })
    else await moveBySql(name, action)
    return true
  } catch (error) {
    if (isConfigError(error, 'E_NOT_FOUND') || isConfigError(error, 'E_IN_USE') || (error as { code?: string }).code === '23503')
      return false
    throw error
  }
}

async function moveBySql(name: string, { label, version }: { readonly label: string; readonly version: number }): Promise<void> {
  const [found] = await store.sql<{ project: string }>('select project from agent_config.prompts where name = $1 limit 1', [name])
  await store.sql(
    `insert into agent_config.prompt_labels (project, name, label, version) values ($1, $2, $3, $4)
     on conflict (project, name, label) do update set version = excluded.version`,
    [found?.project ?? 'none', name, label, version],
  )
}

async function labelsOf(prompts: Prompts, name: string): Promise<Record<string, number>> {
  const { items } = await prompts.list({ search: name, activeOnly: false })
  return Object.fromEntries(items.flatMap((item) => item.labels.map((label) => [label, item.version] as const)).sort())
}
