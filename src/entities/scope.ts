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

const SCOPE = /^(?:context_rules:([A-Za-z0-9_.-]{1,100})|(?!context_rules:|content:)([a-z][a-z0-9_]{0,39}):([A-Za-z0-9_.-]{1,100}):(.+))$/su

/** The parts of a scope, or `undefined` when the text has not the form of one. It does not check that the kind is known. */
export function parseScope(scope: string): ScopeParts | undefined {
  const match = SCOPE.exec(scope)
  if (!match) return undefined
  const [, rulesProject, kind, project, name] = match
  if (rulesProject) return { kind: 'context_rules', project: rulesProject, name: '' }
  return { kind: kind as ConfigKind, project: project as string, name: name as string }
}
