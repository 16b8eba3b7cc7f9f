import type { ConfigurationManager } from '../../../src/manager/configuration-manager.js'

/** One write, and what has to be there before it. */
export interface Verb {
  /** Beyond the prompt `p` of three versions, the first in production, the second in staging. @returns the rollout that is meant */
  readonly prepare?: (manager: ConfigurationManager) => Promise<{ readonly id: string }>
  readonly write: (manager: ConfigurationManager, rollout: string) => Promise<unknown>
}

const ARMS = [
  { version: 2, weight: 1 },
  { version: 3, weight: 1 },
]
const started = ({ rollouts }: ConfigurationManager) => rollouts.start({ kind: 'prompt', name: 'p', arms: ARMS })
const none = { id: '' }

/** Every write that the library offers. */
export const VERBS = {
  create: { write: ({ prompts }) => prompts.create({ name: 'new', template: 'new', labels: ['production'] }) },
  createVersion: { write: ({ prompts }) => prompts.createVersion({ name: 'p', template: 'v4', labels: ['production', 'staging'] }) },
  promote: { write: ({ prompts }) => prompts.promote({ name: 'p', version: 2 }) },
  rollback: {
    prepare: ({ prompts }) => prompts.promote({ name: 'p', version: 2 }).then(() => none),
    write: ({ prompts }) => prompts.rollback({ name: 'p' }),
  },
  removeLabel: { write: ({ prompts }) => prompts.removeLabel({ name: 'p', label: 'staging' }) },
  deactivate: { write: ({ prompts }) => prompts.deactivate({ name: 'p', version: 3 }) },
  activate: {
    prepare: ({ prompts }) => prompts.deactivate({ name: 'p', version: 3 }).then(() => none),
    write: ({ prompts }) => prompts.activate({ name: 'p', version: 3 }),
  },
  'rollouts.start': { write: started },
  'rollouts.ramp': { prepare: started, write: ({ rollouts }, id) => rollouts.ramp(id, { weights: [1, 3], coverage: 50 }) },
  'rollouts.pause': { prepare: started, write: ({ rollouts }, id) => rollouts.pause(id) },
  'rollouts.resume': {
    prepare: async (manager) => manager.rollouts.pause((await started(manager)).id),
    write: ({ rollouts }, id) => rollouts.resume(id),
  },
  'rollouts.conclude': { prepare: started, write: ({ rollouts }, id) => rollouts.conclude(id, { winner: 3 }) },
  transaction: {
    write: (manager) =>
      manager.transaction(async ({ prompts, models, contextRules }) => {
        await prompts.createVersion({ name: 'p', template: 'v4', labels: ['production'] })
        await models.create({ name: 'm', provider: 'ollama', model: 'm', labels: ['production'] })
        await contextRules.create({ context: 'c', important: 'x' })
      }),
  },
  refresh: { write: (manager) => manager.refresh('prompt') },
} as const satisfies Readonly<Record<string, Verb>>

export type VerbName = keyof typeof VERBS

export function verbOf(name: VerbName): Verb {
  return VERBS[name]
}

/** What every verb finds. */
export async function prepare(manager: ConfigurationManager, name: VerbName): Promise<string> {
  await manager.prompts.create({ name: 'p', template: 'v1', labels: ['production'] })
  await manager.prompts.createVersion({ name: 'p', template: 'v2', labels: ['staging'] })
  await manager.prompts.createVersion({ name: 'p', template: 'v3', labels: [] })
  return (await verbOf(name).prepare?.(manager))?.id ?? ''
}
