import { TemplateVariableError } from '../shared/errors.js'
import type { Filling, TemplateValues, TextTemplate } from './text-template.js'
import { textOf, unreadable } from './value-text.js'

/** A variable; `path` is its name cut at the dots, and empty for `{{.}}`. */
export interface MustacheVariable {
  readonly name: string
  readonly path: readonly string[]
  /** Whether it stands outside of every section. */
  readonly isRequired: boolean
}

/** A section: its body stands once per item, once, or not at all. */
export interface MustacheSection {
  readonly name: string
  readonly path: readonly string[]
  readonly isInverted: boolean
  readonly body: MustacheNode[]
}

export type MustacheNode = string | MustacheVariable | MustacheSection

/** A mustache text with sections or dotted names. */
export class SectionedText implements TextTemplate {
  readonly variables: readonly string[]
  readonly optionalVariables: readonly string[]
  readonly #nodes: readonly MustacheNode[]

  constructor(nodes: readonly MustacheNode[]) {
    const required = new Set<string>()
    const optional = new Set<string>()
    collectNames(nodes, required, optional)
    this.#nodes = nodes
    this.variables = Object.freeze([...required])
    this.optionalVariables = Object.freeze([...optional].filter((name) => !required.has(name)))
  }

  fill(values: TemplateValues, filling: Filling): string {
    const out: string[] = []
    fillNodes(this.#nodes, { value: values, outer: undefined }, { ...filling, out })
    return out.join('')
  }
}

/** What names are looked up in: the innermost section's item first, the given values last. */
interface Scope {
  readonly value: unknown
  readonly outer: Scope | undefined
}

interface Writing extends Filling {
  readonly out: string[]
}

function collectNames(nodes: readonly MustacheNode[], required: Set<string>, optional: Set<string>): void {
  for (const node of nodes) {
    if (typeof node === 'string') continue
    if ('isRequired' in node && node.isRequired) required.add(node.name)
    else if (node.path.length > 0) optional.add(node.name)
    if ('body' in node) collectNames(node.body, required, optional)
  }
}

function fillNodes(nodes: readonly MustacheNode[], scope: Scope, filling: Writing): void {
  for (const node of nodes) {
    if (typeof node === 'string') write(node, '', filling)
    else {
      try {
        filling.budget.takeRounds(1, node.name)
        if ('body' in node) fillSection(node, scope, filling)
        else write(variableText(node, scope, filling), node.name, filling)
      } catch (error) {
        throw unreadable(error, node.name)
      }
    }
  }
}

function write(text: string, name: string, { budget, out }: Writing): void {
  budget.takeCharacters(text.length, name)
  out.push(text)
}

function variableText(node: MustacheVariable, scope: Scope, { onMissing, missing }: Writing): string {
  const value = lookUp(scope, node.path)
  if (value !== undefined) return textOf(value, node.name)
  if (node.isRequired) missing.add(node.name)
  return onMissing === 'keep' ? `{{${node.name}}}` : ''
}

/** Falsy values by mustache's rule: false, null, nothing, 0, the empty string and the empty list. */
function fillSection(node: MustacheSection, scope: Scope, filling: Writing): void {
  const value = lookUp(scope, node.path)
  if (typeof value === 'function') {
    throw new TemplateVariableError(`The value of "${node.name}" is a function, and templates run none. Pass its result.`, [node.name])
  }
  const isNo = !value || (Array.isArray(value) && value.length === 0)
  if (node.isInverted) {
    if (isNo) fillNodes(node.body, scope, filling)
    return
  }
  if (isNo) return
  if (Array.isArray(value)) {
    filling.budget.takeRounds(value.length, node.name)
    for (const item of value) fillNodes(node.body, { value: item, outer: scope }, filling)
  } else fillNodes(node.body, value === true ? scope : { value, outer: scope }, filling)
}

/** The value at a path: the first name in the innermost scope that has it, the others within it. Own properties only. */
function lookUp(scope: Scope, path: readonly string[]): unknown {
  const [first, ...rest] = path
  if (first === undefined) return scope.value
  let at: Scope | undefined = scope
  while (at !== undefined && !hasOwn(at.value, first)) at = at.outer
  let value = at && (at.value as TemplateValues)[first]
  for (const name of rest) value = hasOwn(value, name) ? (value as TemplateValues)[name] : undefined
  return value
}

function hasOwn(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
}
