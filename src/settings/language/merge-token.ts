import type { Assignment } from '../sources/origin.js'
import { isPlainTable } from '../tree/path.js'
import { type MergeResult, type Node, plainValue } from '../tree/tree.js'
import { guess } from './read-text.js'
import { isToken } from './token.js'

const MERGE_TOKEN = /^@(merge|merge_unique|insert|reset|del|empty)(?: ([\s\S]*))?$/

/** Whether a string says how it is combined with the layers below it. */
export function isMergeToken(text: string): boolean {
  return MERGE_TOKEN.test(text)
}

/** Evaluates the value tokens that a merge token contains: `@merge @env EXTRA`. */
export type EvaluateEagerly = (text: string, assignment: Assignment) => { readonly value: unknown; readonly isSecret: boolean }

/**
 * Reads `@merge`, `@merge_unique`, `@insert`, `@reset`, `@del` and `@empty`: they change how one value is combined with the
 * layers below it.
 *
 * @returns `undefined` for every other text
 */
export function mergeToken(assignment: Assignment, base: Node | undefined, evaluate: EvaluateEagerly): MergeResult | 'delete' | undefined {
  const [, token, text = ''] = MERGE_TOKEN.exec(String(assignment.value)) ?? []
  if (token === undefined) return tokenOverTable(assignment, base, evaluate)
  if (token === 'del' || token === 'empty') return 'delete'
  const read = (part: string) => (part.startsWith('@') ? evaluate(part, assignment) : { value: guess(part), isSecret: false })
  // Value tokens after @reset are resolved with all the others, on the final values.
  if (token === 'reset') return text.startsWith('@') ? { value: text, replaces: true } : { value: guess(text), raw: text, replaces: true }
  if (token === 'insert') return insert(text, listOf(base, '@insert', read), read)
  const addition = read(text)
  const merged = typeof addition.value === 'string' && !text.startsWith('@') ? readMergeText(addition.value) : addition.value
  if (isPlainTable(merged)) return { value: merged, isSecret: addition.isSecret, replaces: false }
  const below = listOf(base, `@${token}`, read)
  const items: unknown[] = Array.isArray(merged) ? merged : [merged]
  const fresh =
    token === 'merge_unique' ? items.filter((item) => !below.some((old) => JSON.stringify(old) === JSON.stringify(item))) : items
  return { value: [...below, ...fresh], isSecret: addition.isSecret, replaces: true }
}

/** A token that gives a table is merged into the table below, and `@none` takes its place; the others wait. */
function tokenOverTable(assignment: Assignment, base: Node | undefined, evaluate: EvaluateEagerly): MergeResult | undefined {
  const text = String(assignment.value)
  if (base?.kind !== 'table' || !isToken(text)) return undefined
  const { value, isSecret } = evaluate(text, assignment)
  if (value === null) return { value, replaces: true }
  return isPlainTable(value) ? { value, isSecret, replaces: false } : undefined
}

type Read = (part: string) => { readonly value: unknown; readonly isSecret: boolean }

function insert(text: string, below: readonly unknown[], read: Read): MergeResult {
  const [, position, rest] = /^([+-]?\d+) ([\s\S]*)$/.exec(text) ?? []
  const item = read(rest ?? text)
  return { value: below.toSpliced(Number(position ?? 0), 0, item.value), isSecret: item.isSecret, replaces: true }
}

function listOf(base: Node | undefined, token: string, read: Read): readonly unknown[] {
  if (base === undefined || (base.kind === 'leaf' && base.value === null)) return []
  if (base.kind === 'table' && base.isList) return plainValue(base) as unknown[]
  const value = base.kind === 'leaf' && typeof base.value === 'string' && base.value.startsWith('@') ? read(base.value).value : base
  const list = value === base && base.kind === 'leaf' ? base.value : value
  if (Array.isArray(list)) return list as unknown[]
  throw new Error(`has ${token}, but ${base.origin.name} has no list to add to`)
}

/** `port=9,host=z` is a table, `a,b` is a list, anything else one item. */
function readMergeText(text: string): unknown {
  const parts = text.split(',').map((part) => part.trim())
  if (parts.every((part) => /^[\w -]+=/.test(part))) {
    return Object.fromEntries(parts.map((part) => [part.slice(0, part.indexOf('=')).trim(), guess(part.slice(part.indexOf('=') + 1))]))
  }
  return text.includes(',') ? parts : [text]
}
