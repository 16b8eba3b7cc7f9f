import * as answers from '../answers.js'
import { type Endpoint, endpoint } from '../endpoint.js'
import { CONTEXT_RULES, type Resource } from '../resources.js'

/** Which kinds of configuration there are: for pages and tools that work with all of them. */
export function kinds(resources: readonly Resource[]): readonly Endpoint[] {
  const labelled = resources.map(({ kind, plural, noun, isReadByLatest, defaultLabel, contentSchema }) => {
    const label = isReadByLatest ? 'latest' : defaultLabel
    return { kind, plural, noun, ...(label !== undefined && { default_label: label }), ...(contentSchema && { schema: contentSchema }) }
  })
  const { kind, plural, noun } = CONTEXT_RULES
  const items = [...labelled, { kind, plural, noun }]
  return [
    endpoint({
      method: 'GET',
      path: '/kinds',
      tag: 'kinds',
      summary: 'The kinds of configuration, with the schema of their content where a declared kind can say it',
      access: 'read',
      answer: answers.Kinds,
      action: () => ({ verb: 'read', kind: 'all', project: '*', name: '*', labels: [] }),
      handle: async () => ({ items }),
    }),
  ]
}
