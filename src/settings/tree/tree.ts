import type { Shape } from '../schema/shape.js'
import { type Assignment, type Origin, speaksTokens } from '../sources/origin.js'
import { isPlainTable, splitKey } from './path.js'

/** The merged sources, before tokens are resolved: tables by lower-case key, so that spelling does not matter. */
export interface Table {
  readonly kind: 'table'
  readonly path: readonly string[]
  readonly entries: Map<string, Node>
  readonly origin: Origin
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
  /** Where any layer said a secret, even if a higher layer said something else. */
  readonly secretPaths: (readonly string[])[] = []
  readonly #applyMergeToken: ApplyMergeToken
  readonly #shape: Shape | undefined

  constructor(parts: { readonly applyMergeToken: ApplyMergeToken; readonly shape: Shape | undefined; readonly origin: Origin }) {
    this.#applyMergeToken = parts.applyMergeToken
    this.#shape = parts.shape
    this.root = { kind: 'table', path: [], entries: new Map(), origin: parts.origin, raw: undefined }
  }

  add(assignment: Assignment): void {
    this.#put(this.root, this.#shape, assignment, 0)
  }

  #put(table: Table, shape: Shape | undefined, assignment: Assignment, depth: number): void {
    const { path, origin } = assignment
    const key = path[depth] ?? ''
    const lower = key.toLowerCase()
    // The second would take the place of what redacts secrets in JSON.
    if (lower === '__proto__' || key === 'toJSON') {
      this.complaints.push({ path: [...table.path, key], message: 'is not a name a setting can have', origin })
      return
    }
    const known = shape?.entries?.get(lower)
    const here = table.entries.get(lower)
    const herePath = here?.path ?? [...table.path, known?.name ?? key]
    const hereShape = known?.shape ?? shape?.rest
    if (depth === path.length - 1) {
      this.#set(table, lower, herePath, hereShape, assignment)
    } else if (here?.kind === 'leaf' && Array.isArray(here.value) && /^\d+$/.test(path[depth + 1] ?? '') && depth === path.length - 2) {
      this.#setItem(table, lower, here, assignment)
    } else if (here?.kind === 'leaf' && here.value !== null) {
      this.#conflict(herePath, here.origin, origin)
    } else {
      const next: Table = here?.kind === 'table' ? here : { kind: 'table', path: herePath, entries: new Map(), origin, raw: undefined }
      next.raw = undefined
      table.entries.set(lower, next)
      this.#put(next, hereShape, assignment, depth + 1)
    }
  }

  #set(table: Table, lower: string, path: readonly string[], shape: Shape | undefined, assignment: Assignment): void {
    const here = table.entries.get(lower)
    const isText = typeof assignment.value === 'string' && assignment.value.startsWith('@') && speaksTokens(assignment.origin)
    const change = isText ? this.#change(assignment, path, here) : undefined
    if (change === 'delete') table.entries.delete(lower)
    if (change === 'delete' || change === 'refused') return
    const raw = change ? change.raw : assignment.raw
    let value = change ? change.value : assignment.value
    // A password of digits, or credentials in JSON: where the schema wants text, the text is the value.
    if (raw !== undefined && shape?.type === 'string' && typeof value !== 'string' && value !== null) value = raw
    const isTable = isPlainTable(value)
    const base = change?.replaces ? undefined : here
    if (base && value !== null && !(base.kind === 'leaf' && base.value === null) && isTable !== (base.kind === 'table')) {
      this.#conflict(path, base.origin, assignment.origin)
      return
    }
    if (!isPlainTable(value)) {
      const isSecret = assignment.isSecret || change?.isSecret === true || (change !== undefined && here?.kind === 'leaf' && here.isSecret)
      if (isSecret) this.secretPaths.push(path)
      table.entries.set(lower, { kind: 'leaf', path, value, raw, origin: assignment.origin, isSecret })
      return
    }
    const target: Table =
      base?.kind === 'table' ? base : { kind: 'table', path, entries: new Map(), origin: assignment.origin, raw: undefined }
    table.entries.set(lower, target)
    for (const [name, item] of Object.entries(value)) {
      const parts = shape?.entries?.has(name.toLowerCase()) ? [name] : splitKey(name)
      this.#put(target, shape, { path: parts, value: item, origin: assignment.origin, isSecret: assignment.isSecret }, 0)
    }
    target.raw = target === base ? undefined : raw
  }

  #change(assignment: Assignment, path: readonly string[], here: Node | undefined): ReturnType<ApplyMergeToken> | 'refused' {
    try {
      return this.#applyMergeToken(assignment, here)
    } catch (error) {
      this.complaints.push({
        path,
        message: error instanceof Error ? error.message : 'cannot be merged',
        origin: assignment.origin,
      })
      return 'refused'
    }
  }

  /** `L__0=z` replaces an item of a list; one past the end appends. */
  #setItem(table: Table, lower: string, list: Leaf, assignment: Assignment): void {
    const index = Number(assignment.path.at(-1))
    const items = [...(list.value as readonly unknown[])]
    if (index > items.length) {
      const message = `has ${items.length} items, so there is no item ${index} to set`
      return void this.complaints.push({ path: list.path, message, origin: assignment.origin })
    }
    items[index] = assignment.value
    if (assignment.isSecret) this.secretPaths.push(list.path)
    table.entries.set(lower, {
      ...list,
      value: items,
      raw: undefined,
      origin: assignment.origin,
      isSecret: list.isSecret || assignment.isSecret,
    })
  }

  #conflict(path: readonly string[], below: Origin, above: Origin): void {
    const message = `is a table on one side and a single value on the other: ${below.name} and ${above.name} disagree (@reset replaces instead of merging)`
    this.complaints.push({ path, message, origin: above })
  }
}

/** The node at a path, in any case. */
export function nodeAt(root: Table, path: readonly string[]): Node | undefined {
  let here: Node | undefined = root
  for (const part of path) here = here?.kind === 'table' ? here.entries.get(part.toLowerCase()) : undefined
  return here
}

/** Every leaf under a node, in the order of its sources. */
export function* leavesOf(node: Node): Generator<Leaf> {
  if (node.kind === 'leaf') yield node
  else for (const child of node.entries.values()) yield* leavesOf(child)
}
