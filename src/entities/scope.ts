import type { ConfigKind, LabelledKind } from './config-kind.js'

/**
 * What is cached, and invalidated, as one: `kind:project:name`, and `context_rules:project` for all context rules of a project.
 * A project matches `[A-Za-z0-9_.-]{1,100}`, so the form is unambiguous whatever the name holds.
 */
export type Scope = string

export function entityScope(kind: LabelledKind, project: string, name: string): Scope {
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

/** The parts of a scope, or `undefined` when the text is not one. */
export function parseScope(scope: string): ScopeParts | undefined {
  const match = /^(?:(prompt|model|embedding):([A-Za-z0-9_.-]{1,100}):(.+)|(context_rules):([A-Za-z0-9_.-]{1,100}))$/su.exec(scope)
  if (!match) return undefined
  const [, kind, project, name, rules, rulesProject] = match
  if (rules) return { kind: 'context_rules', project: rulesProject as string, name: '' }
  return { kind: kind as ConfigKind, project: project as string, name: name as string }
}
