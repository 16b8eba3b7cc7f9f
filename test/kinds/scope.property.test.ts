import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contextRulesScope, entityScope, parseScope } from '../../src/entities/scope.js'

/** The form of a scope in one expression. */
const FORM = /^(?:context_rules:([A-Za-z0-9_.-]{1,100})|(?!context_rules:|content:)([a-z][a-z0-9_]{0,39}):([A-Za-z0-9_.-]{1,100}):(.+))$/su

function byForm(scope: string) {
  const [, rules, kind, project, name] = FORM.exec(scope) ?? []
  if (rules !== undefined) return { kind: 'context_rules', project: rules, name: '' }
  return kind === undefined ? undefined : { kind, project, name }
}

const kind = fc.oneof(
  fc.constantFrom('prompt', 'model', 'flag', 'content', 'context_rules', 'p', 'prompts'),
  fc.stringMatching(/^[a-z][a-z0-9_]{0,41}$/),
)
const project = fc.oneof(fc.constantFrom('default', 'other', 'defaul', '__proto__'), fc.stringMatching(/^[A-Za-z0-9_.-]{1,101}$/))
const name = fc.oneof(fc.constantFrom('', ':', 'a:b', 'é\n', '\ud800'), fc.string({ unit: 'binary', maxLength: 12 }))
const text = fc.oneof(
  fc.tuple(kind, project, name).map((parts) => parts.join(':')),
  fc.tuple(kind, project).map((parts) => parts.join(':')),
  fc.tuple(fc.constantFrom('prompt', 'Prompt', ' prompt', ''), fc.string({ maxLength: 4 }), name).map((parts) => parts.join(':')),
  fc.string({ maxLength: 8 }),
)

describe('parseScope()', () => {
  it('reads what has the form of a scope and refuses the rest, whatever it read before', () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), (texts) => {
        // Each twice in a row: the second time its kind and project are remembered.
        for (const scope of texts.flatMap((each) => [each, each])) expect(parseScope(scope)).toEqual(byForm(scope))
      }),
      { numRuns: 2_000 },
    )
  })

  it('gives back the parts of a scope', () => {
    expect(parseScope(entityScope('prompt', 'default', 'a:b'))).toEqual({ kind: 'prompt', project: 'default', name: 'a:b' })
    expect(parseScope(contextRulesScope('default'))).toEqual({ kind: 'context_rules', project: 'default', name: '' })
  })
})
