import { unreadable } from '../language/structure.js'
import { childShape, isRecordKey, type Shape } from '../schema/shape.js'
import { type Assignment, type Origin, speaksTokens } from '../sources/origin.js'
import { itemsOf } from './items.js'
import { isPlainTable, pathOfKey } from './path.js'

/** The merged sources, before tokens are resolved. Keys are compared without regard to case; `childOf` finds them. */
export interface Table {
  readonly kind: 'table'
  readonly path: readonly string[]
  readonly entries: Map<string, Node>
  readonly origin: Origin
  /** Whether it is a list of which variables said single items; its keys are the indexes, in order. */
  readonly isList: boolean
  /** The text of the one variable that said the whole table, as long as nothing else was merged into it. */
  raw: string | undefined
}

/** One value. `raw` is the text of a variable, from which a schema may get another reading. */
export interface Leaf {
  readonly kind: 'leaf'
  readonly path: readonly string[]
  readonly value: unknown
  readonly raw: string | undefined
  readonly origin: Origin
  readonly isSecret: boolean
}

export type Node = Table | Leaf

/** A complaint about the sources: where, what, and who said it. */
export interface Complaint {
  readonly path: readonly string[]
  readonly message: string
  readonly origin: Origin | undefined
}

export interface MergeResult {
  readonly value: unknown
  readonly raw?: string
  readonly isSecret?: boolean
  /** Whether the value stands instead of the earlier one, or is merged into it. */
  readonly replaces: boolean
}

/** Changes the value that an earlier layer left at the same place, for strings like `@merge [1]`. */
export type ApplyMergeToken = (assignment: Assignment, base: Node | undefined) => MergeResult | 'delete' | undefined

/** Merges statements, lowest layer first: tables deeply, everything else replaces. */
export class Tree {
  readonly root: Table
  readonly complaints: Complaint[] = []
  /** The paths at which any layer has a secret, even when a higher layer has another value. */
  readonly secretPaths: (readonly string[])[] = []
  readonly #applyMergeToken: ApplyMergeToken
  readonly #shape: Shape | undefined

  constructor(parts: { readonly applyMergeToken: ApplyMergeToken; readonly shape: Shape | undefined; readonly origin: Origin }) {
    this.#applyMergeToken = parts.applyMergeToken
    this.#shape = parts.shape
    this.root = tableAt([], parts.origin, false)
  }

  add(assignment: Assignment): void {
    this.#put(this.root, this.#shape, assignment, 0)
  }

  #put(table: Table, shape: Shape | undefined, assignment: Assignment, depth: number): void {
    const { path, origin } = assignment
    const key = path[depth] ?? ''
    if (isForbidden(key)) return void this.#forbid([...table.path, key], origin)
    if (table.isList && !isNextIndex(key, table.entries.size)) {
      const message = `has ${table.entries.size} items, so ${INDEX.test(key) ? `there is no item ${key} to set` : `"${key}" is not one of them`}`
      return void this.complaints.push({ path: table.path, message, origin })
    }
    const slot = this.#slotFor(table, key, depth >= (assignment.exactFrom ?? Number.POSITIVE_INFINITY))
    const here = this.#openList(table, slot, path[depth + 1])
    const known = shape?.entries?.get(key.toLowerCase())
    const herePath = here?.path ?? [...table.path, known?.name ?? key]
    const hereShape = childShape(shape, key)
    if (depth === path.length - 1) {
      this.#set(table, slot, herePath, hereShape, assignment)
    } else if (here?.kind === 'leaf' && here.value !== null) {
      this.#conflict(herePath, here.origin, origin)
    } else {
      const next = here?.kind === 'table' ? here : tableAt(herePath, origin, hereShape?.kind === 'list')
      next.raw = undefined
      table.entries.set(slot, next)
      this.#put(next, hereShape, assignment, depth + 1)
    }
  }

  /** Where a key stands among a table's entries; `isExact` keeps `Bob` and `bob` of one record apart. */
  #slotFor(table: Table, key: string, isExact: boolean): string {
    const lower = key.toLowerCase()
    const first = table.entries.get(lower)
    if (!first || first.path.at(-1) === key) return lower
    return isExact || table.entries.has(exactSlot(key)) ? exactSlot(key) : lower
  }

  /** `L__0__HOST=z` changes one item of a list: its items become nodes of their own. */
  #openList(table: Table, slot: string, next: string | undefined): Node | undefined {
    const here = table.entries.get(slot)
    if (here?.kind !== 'leaf' || !Array.isArray(here.value) || next === undefined || !INDEX.test(next)) return here
    const list = nodeOf(here.value, here) as Table
    table.entries.set(slot, list)
    return list
  }

  #set(table: Table, slot: string, path: readonly string[], shape: Shape | undefined, assignment: Assignment): void {
    const here = table.entries.get(slot)
    const isText = typeof assignment.value === 'string' && assignment.value.startsWith('@') && speaksTokens(assignment.origin)
    const change = isText ? this.#change(assignment, path, here) : undefined
    if (change === 'delete') table.entries.delete(slot)
    if (change === 'delete' || change === 'refused') return
    const raw = change ? change.raw : assignment.raw
    const value = change ? change.value : assignment.value
    const base = change?.replaces ? undefined : here
    const isNothing = base === undefined || value === null || (base.kind === 'leaf' && base.value === null)
    if (!isNothing && isTableNode(base) !== isPlainTable(value)) {
      const problem = typeof value === 'string' && raw !== undefined ? unreadable(value) : undefined
      if (problem === undefined) return void this.#conflict(path, base.origin, assignment.origin)
      const message = `must be a table, got a text of ${String(value).length} characters that ${problem}`
      this.complaints.push({ path, message, origin: assignment.origin })
      return
    }
    if (!isPlainTable(value)) {
      const forbidden = forbiddenIn(value, path)
      if (forbidden) return void this.#forbid(forbidden, assignment.origin)
      for (const twin of twinsIn(value, shape, path)) {
        this.complaints.push({ path: twin, message: TWIN_MESSAGE, origin: assignment.origin })
      }
      const isSecret = assignment.isSecret || change?.isSecret === true || (change !== undefined && here?.kind === 'leaf' && here.isSecret)
      if (isSecret) this.secretPaths.push(path)
      table.entries.set(slot, { kind: 'leaf', path, value, raw, origin: assignment.origin, isSecret })
      return
    }
    const target = base?.kind === 'table' ? base : tableAt(path, assignment.origin, false)
    table.entries.set(slot, target)
    const isSecret = assignment.isSecret || change?.isSecret === true
    const twins = twinKeys(value)
    for (const [name, item] of Object.entries(value)) {
      const parts = shape?.entries?.has(name.toLowerCase()) ? [name] : pathOfKey(name)
      const isTwin = twins.has(name)
      if (isTwin && !isRecordKey(shape, name)) {
        this.complaints.push({ path: [...path, name], message: TWIN_MESSAGE, origin: assignment.origin })
      }
      this.#put(target, shape, { path: parts, value: item, origin: assignment.origin, isSecret, ...(isTwin ? { exactFrom: 0 } : {}) }, 0)
    }
    target.raw = target === base ? undefined : raw
  }

  #forbid(path: readonly string[], origin: Origin): void {
    this.complaints.push({ path, message: 'is not a name a setting can have', origin })
  }

  #change(assignment: Assignment, path: readonly string[], here: Node | undefined): ReturnType<ApplyMergeToken> | 'refused' {
    try {
      return this.#applyMergeToken(assignment, here)
    } catch (error) {
      this.complaints.push({ path, message: error instanceof Error ? error.message : 'cannot be merged', origin: assignment.origin })
      return 'refused'
    }
  }

  #conflict(path: readonly string[], below: Origin, above: Origin): void {
    const message = `is a table on one side and a single value on the other: ${below.name} and ${above.name} disagree (@reset replaces instead of merging)`
    this.complaints.push({ path, message, origin: above })
  }
}

export const TWIN_MESSAGE = 'is said twice in one table, in different case: settings are told apart without regard to case'

/** The keys of a table that differ from another one in case only. */
export function twinKeys(table: Readonly<Record<string, unknown>>): ReadonlySet<string> {
  const seen = new Map<string, string>()
  const twins = new Set<string>()
  for (const key of Object.keys(table)) {
    const first = seen.get(key.toLowerCase())
    if (first === undefined) seen.set(key.toLowerCase(), key)
    else twins.add(first).add(key)
  }
  return twins
}

/** The paths of such keys in the tables of a list, where they are no keys of a record: one of each pair. */
function twinsIn(value: unknown, shape: Shape | undefined, path: readonly string[]): (readonly string[])[] {
  const items = itemsOf(value)
  const twins = isPlainTable(value) ? twinKeys(value) : NO_KEYS
  const seen = new Set<string>()
  return items.flatMap(([key, item]) => {
    const isSecond = twins.has(key) && !isRecordKey(shape, key) && seen.has(key.toLowerCase())
    seen.add(key.toLowerCase())
    return [...(isSecond ? [[...path, key]] : []), ...twinsIn(item, childShape(shape, key), [...path, key])]
  })
}

const NO_KEYS: ReadonlySet<string> = new Set()

/** A key `toJSON` would replace the function that redacts secrets in JSON. */
function isForbidden(key: string): boolean {
  return key.toLowerCase() === '__proto__' || key === 'toJSON'
}

/** The path of the first name in a value that no setting can have. */
export function forbiddenIn(value: unknown, path: readonly string[]): readonly string[] | undefined {
  for (const [key, item] of itemsOf(value)) {
    const here = [...path, key]
    const found = isForbidden(key) ? here : forbiddenIn(item, here)
    if (found) return found
  }
  return undefined
}

const exactSlot = (key: string): string => `\0${key}`
const INDEX = /^(?:0|[1-9]\d*)$/
const isNextIndex = (key: string, size: number): boolean => INDEX.test(key) && Number(key) <= size
const isTableNode = (node: Node): boolean => node.kind === 'table' && !node.isList

function tableAt(path: readonly string[], origin: Origin, isList: boolean): Table {
  return { kind: 'table', path, entries: new Map(), origin, isList, raw: undefined }
}

/** The nodes of a list's items, which all come from where the list comes from. */
function nodeOf(value: unknown, from: Leaf, path: readonly string[] = from.path): Node {
  if (!Array.isArray(value) && !isPlainTable(value)) return { ...from, path, value, raw: undefined }
  const table = tableAt(path, from.origin, Array.isArray(value))
  for (const [key, item] of Object.entries(value)) {
    const lower = key.toLowerCase()
    table.entries.set(table.entries.has(lower) ? exactSlot(key) : lower, nodeOf(item, from, [...path, key]))
  }
  return table
}

/** The entry of a table, by its exact name or else in any case. */
export function childOf(table: Table, name: string): Node | undefined {
  return table.entries.get(exactSlot(name)) ?? table.entries.get(name.toLowerCase())
}

/** The node at a path, in any case. */
export function nodeAt(root: Table, path: readonly string[]): Node | undefined {
  let here: Node | undefined = root
  for (const part of path) here = here?.kind === 'table' ? childOf(here, part) : undefined
  return here
}

/** Every leaf under a node, in the order of its sources. */
export function* leavesOf(node: Node): Generator<Leaf> {
  if (node.kind === 'leaf') yield node
  else for (const child of node.entries.values()) yield* leavesOf(child)
}

/** The value of a node, with its tokens not resolved. */
export function plainValue(node: Node): unknown {
  if (node.kind === 'leaf') return node.value
  if (node.isList) return [...node.entries.values()].map(plainValue)
  return Object.fromEntries([...node.entries.values()].map((child) => [child.path.at(-1) ?? '', plainValue(child)]))
}
