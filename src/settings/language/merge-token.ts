import { childShape, type Shape } from '../schema/shape.js'
import type { Assignment } from '../sources/origin.js'
import { isPlainTable } from '../tree/path.js'
import { type MergeResult, type Node, plainValue } from '../tree/tree.js'
import { unreadable } from './structure.js'
import { type Evaluated, isToken } from './token.js'

const MERGE_TOKEN = /^@(merge|merge_unique|insert|reset|del|empty)(?: ([\s\S]*))?$/

/** Whether a string says how it is combined with the layers below it. */
export function isMergeToken(text: string): boolean {
  return MERGE_TOKEN.test(text)
}

/** What a merge token is combined with, and how the text behind it is read. */
export interface MergeContext {
  readonly base: Node | undefined
  /** The shape of the setting. */
  readonly shape: Shape | undefined
  /** Evaluates the value tokens that a merge token contains: `@merge @env EXTRA`. */
  readonly evaluate: (text: string) => Evaluated
  readonly read: (text: string, shape: Shape | undefined) => unknown
}

/**
 * Reads `@merge`, `@merge_unique`, `@insert`, `@reset`, `@del` and `@empty`: they change how one value is combined with the
 * layers below it.
 *
 * @returns `undefined` for every other text
 */
export function mergeToken(assignment: Assignment, context: MergeContext): MergeResult | 'delete' | undefined {
  const given = String(assignment.value)
  const [, token, text = ''] = MERGE_TOKEN.exec(given) ?? []
  const { shape, read } = context
  if (token === undefined) return tokenOverTable(given, context)
  if (token === 'del' || token === 'empty') return 'delete'
  // Value tokens after @reset are resolved with all the others, on the final values.
  if (token === 'reset')
    return text.startsWith('@') ? { value: text, replaces: true } : { value: read(text, shape), raw: text, replaces: true }
  if (token === 'insert') return insert(text, context)
  const { value: merged, isSecret } = additionOf(text, token, context)
  if (isPlainTable(merged)) return { value: merged, isSecret, replaces: false }
  const below = listBelow(`@${token}`, context)
  const items: unknown[] = Array.isArray(merged) ? merged : [merged]
  const fresh =
    token === 'merge_unique' ? items.filter((item) => !below.some((old) => JSON.stringify(old) === JSON.stringify(item))) : items
  return { value: [...below, ...fresh], isSecret, replaces: true }
}

/** A token that gives a table is merged into the table below, and `@none` takes its place; the others wait. */
function tokenOverTable(text: string, { base, evaluate }: MergeContext): MergeResult | undefined {
  if (base?.kind !== 'table' || !isToken(text)) return undefined
  const { value, isSecret } = evaluate(text)
  if (value === null) return { value, replaces: true }
  return isPlainTable(value) ? { value, isSecret, replaces: false } : undefined
}

interface Addition {
  readonly value: unknown
  readonly isSecret: boolean
}

function insert(text: string, context: MergeContext): MergeResult {
  const below = listBelow('@insert', context)
  const [, position = '0', rest = text] = /^([+-]?\d+) ([\s\S]*)$/.exec(text) ?? []
  const at = Math.max(0, Number(position) < 0 ? below.length + Number(position) : Math.min(Number(position), below.length))
  const { value, isSecret } = itemOf(rest, at, context)
  return { value: below.toSpliced(at, 0, value), isSecret, replaces: true }
}

/** One item, as the schema wants the items of the list. */
function itemOf(text: string, index: number, { evaluate, read, shape }: MergeContext): Addition {
  const { value, raw, isSecret } = text.startsWith('@') ? evaluate(text) : { value: undefined, raw: text, isSecret: false }
  return { value: raw === undefined ? value : read(raw, childShape(shape, String(index))), isSecret }
}

/** `port=9,host=z` is a table, `a,b` is a list, anything else one item; where the schema says what it is, it is read as that. */
function additionOf(text: string, token: string, context: MergeContext): Addition {
  const { read, shape } = context
  if (text.startsWith('@')) {
    const { value } = context.evaluate(text)
    return isPlainTable(value) || Array.isArray(value) ? context.evaluate(text) : itemOf(text, 0, context)
  }
  const pairs = shape?.kind === 'list' ? undefined : pairsOf(text)
  if (pairs) return { value: Object.fromEntries(pairs.map(([key, part]) => [key, read(part, childShape(shape, key))])), isSecret: false }
  const value = read(text, shape)
  if (typeof value !== 'string') return { value, isSecret: false }
  const problem = unreadable(text)
  if (problem !== undefined) throw new Error(`has @${token} with a text that ${problem}`)
  return { value: text.includes(',') ? text.split(',').map((part) => part.trim()) : [value], isSecret: false }
}

function pairsOf(text: string): (readonly [key: string, value: string])[] | undefined {
  const parts = text.split(',').map((part) => part.trim())
  if (!parts.every((part) => /^[\w -]+=/.test(part))) return undefined
  return parts.map((part) => [part.slice(0, part.indexOf('=')).trim(), part.slice(part.indexOf('=') + 1)])
}

function listBelow(token: string, { base, evaluate }: MergeContext): readonly unknown[] {
  if (base === undefined || (base.kind === 'leaf' && base.value === null)) return []
  if (base.kind === 'table' && base.isList) return plainValue(base) as unknown[]
  const said = base.kind === 'leaf' ? base.value : undefined
  const list = typeof said === 'string' && said.startsWith('@') ? evaluate(said).value : said
  if (Array.isArray(list)) return list as unknown[]
  throw new Error(`has ${token}, but ${base.origin.name} has no list to add to`)
}
