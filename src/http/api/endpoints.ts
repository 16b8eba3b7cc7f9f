import type { LLMRegistry } from '../../llm/llm-registry.js'
import * as answers from '../answers.js'
import type { Endpoint } from '../endpoint.js'
import type { NamedSchemas } from '../openapi.js'
import { CONTEXT_RULES, type Resource } from '../resources.js'
import { bundles } from './bundles.js'
import { changelog } from './changelog.js'
import { contextRules } from './context-rules.js'
import { kinds as kindList } from './kinds.js'
import { labelledReads } from './labelled-reads.js'
import { labelledSwitches } from './labelled-switches.js'
import { labelledWrites } from './labelled-writes.js'
import { operations } from './operations.js'
import { playground } from './playground.js'
import { previews } from './previews.js'
import { rollouts } from './rollouts.js'
import { shownAs } from './show.js'
import { whoAsks } from './who-asks.js'

/** The calls of the API, and the schemas of their answers that have names in its document. */
export interface Api {
  readonly endpoints: readonly Endpoint[]
  readonly named: NamedSchemas
}

/** Every call of the API, for the given kinds. */
export function createApi(resources: readonly Resource[], llm?: LLMRegistry): Api {
  const labelled = resources.map((resource) => resource.kind)
  const kinds = [...labelled, CONTEXT_RULES.kind]
  const change = answers.configChange(kinds)
  const rollout = answers.rollout(labelled)
  const shown = resources.map((resource) => ({ resource, shown: shownAs(resource) }))
  const withTemplate = resources.find((resource) => resource.hasTemplate)
  return {
    endpoints: [
      ...shown.flatMap(({ resource, shown }) => [
        ...labelledReads(resource, shown, change),
        ...labelledWrites(resource, shown),
        ...labelledSwitches(resource, shown),
      ]),
      ...contextRules(change),
      ...rollouts(resources, rollout),
      ...changelog(kinds, change),
      ...(withTemplate ? previews(withTemplate) : []),
      ...(withTemplate && llm ? playground(withTemplate, llm) : []),
      ...kindList(resources),
      whoAsks(),
      ...bundles(),
      ...operations(kinds),
    ],
    named: new Map([
      ...shown.flatMap(({ resource, shown }) => [
        [shown.answer, resource.schema] as const,
        [shown.listed, `${resource.schema}Summary`] as const,
      ]),
      [answers.ContextRule, 'ContextRule'],
      [rollout, 'Rollout'],
      [answers.RolloutReport, 'RolloutReport'],
      [change, 'ConfigChange'],
    ]),
  }
}
