import pg from 'pg'
import type { ConfigurationManager } from '../../src/manager/configuration-manager.js'
import type { Random } from '../chaos/random.js'
import { nameOf } from './seed-scopes.js'

export interface ChangerParts {
  /** Not the one that is watched. */
  readonly manager: ConfigurationManager
  readonly databaseUrl: string
  readonly scopes: number
  readonly random: Random
}

/** Writes of others: whoever is watched only hears of them. */
export interface Changer {
  /** Makes this many changes in one transaction and gives the revision after them. */
  change(count: number): Promise<number>
  close(): Promise<void>
}

/** Transactions of one kind in each row of six, so that every run of six has all of them. */
const KINDS = ['promote', 'sql', 'promote', 'version', 'promote', 'sql'] as const

export async function openChanger({ manager, databaseUrl, scopes, random }: ChangerParts): Promise<Changer> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const logOfScopes = Math.log(scopes)
  let transactions = 0
  /** Which version of each is in production, so that every promotion moves a label. */
  const labelled = new Map<string, number>()
  const move = (name: string): number => {
    const version = (labelled.get(name) ?? 1) === 1 ? 2 : 1
    labelled.set(name, version)
    return version
  }

  /** Different names: half of them any, half those that are read most, whose documents are in memory. */
  function someNames(count: number): string[] {
    const places = new Set<number>()
    while (places.size < count) {
      places.add(random.next() < 0.5 ? random.below(scopes) : Math.floor(Math.exp(random.next() * logOfScopes)) - 1)
    }
    return [...places].map(nameOf)
  }

  async function bySql(names: readonly string[]): Promise<void> {
    await client.query(
      `update agent_config.prompt_labels as label set version = moved.version
        from unnest($1::text[], $2::integer[]) as moved (name, version)
        where label.project = 'default' and label.label = 'production' and label.name = moved.name`,
      [names, names.map(move)],
    )
    await manager.catchUp()
  }

  const byManager = {
    promote: (names: readonly string[]) =>
      manager.transaction(async ({ prompts }) => {
        for (const name of names) await prompts.promote({ name, version: move(name), changedBy: 'endurance' })
      }),
    version: (names: readonly string[]) =>
      manager.transaction(async ({ prompts }) => {
        const template = 'Answer {question} for {customer}. '.repeat(20)
        for (const name of names) {
          const { version } = await prompts.createVersion({ name, template, labels: ['production'], changedBy: 'endurance' })
          labelled.set(name, version)
        }
      }),
  }

  return {
    async change(count) {
      const kind = KINDS[transactions++ % KINDS.length]!
      const names = someNames(count)
      await (kind === 'sql' ? bySql(names) : byManager[kind](names))
      return manager.stats().revision ?? 0
    },
    close: () => client.end(),
  }
}
