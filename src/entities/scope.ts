import type { ConfigKind } from './config-kind.js'

/**
 * What is cached, and invalidated, as one: `kind:project:name`, and `context_rules:project` for all context rules of a project.
 * A kind matches `[a-z][a-z0-9_]{0,39}` and a project `[A-Za-z0-9_.-]{1,100}`, so the form is unambiguous whatever the name holds.
 */
export type Scope = string

export function entityScope(kind: ConfigKind, project: string, name: string): Scope {
  return `${kind}:${project}:${name}`
}

export function contextRulesScope(project: string): Scope {
  return `context_rules:${project}`
}

export interface ScopeParts {
  readonly kind: ConfigKind
  readonly project: string
  /** Empty for context rules. */
  readonly name: string
}

const KIND = /^[a-z][a-z0-9_]{0,39}$/
const PROJECT = /^[A-Za-z0-9_.-]{1,100}$/

/**
 * What was parsed last. The next scope nearly always has the same kind and project, and each document is parsed three times on its way through
 * memory: 0.1 µs each, and 0.3 µs by a regular expression for the whole.
 */
let last = { prefix: 'prompt:default:', kind: 'prompt', project: 'default' }

/** The parts of a scope, or `undefined` when the text has not the form of one. It does not check that the kind is known. */
export function parseScope(scope: string): ScopeParts | undefined {
  if (scope.startsWith(last.prefix)) return partsOf(scope)
  const kindEnds = scope.indexOf(':')
  const kind = scope.slice(0, kindEnds)
  if (kindEnds < 0 || kind === 'content' || !KIND.test(kind)) return undefined
  const projectEnds = kind === 'context_rules' ? scope.length : scope.indexOf(':', kindEnds + 1)
  const project = scope.slice(kindEnds + 1, projectEnds)
  if (projectEnds < 0 || !PROJECT.test(project)) return undefined
  if (kind === 'context_rules') return { kind, project, name: '' }
  last = { prefix: scope.slice(0, projectEnds + 1), kind, project }
  return partsOf(scope)
}

function partsOf(scope: string): ScopeParts | undefined {
  const { prefix, kind, project } = last
  return scope.length > prefix.length ? { kind, project, name: scope.slice(prefix.length) } : undefined
}
