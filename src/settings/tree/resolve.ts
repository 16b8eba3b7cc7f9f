import { type Evaluated, evaluateToken, isToken, type TokenScope } from '../language/token.js'
import { readByShape } from '../schema/read-by-shape.js'
import { childShape, type Shape, shapeAt } from '../schema/shape.js'
import { isSecretByItself } from '../secrets/redact.js'
import type { SecretPaths } from '../secrets/secret-paths.js'
import { type Origin, speaksTokens } from '../sources/origin.js'
import { mapItems } from './items.js'
import { pathOf } from './path.js'
import { spelledItems } from './spelled-items.js'
import { type Complaint, childOf, forbiddenIn, type Leaf, leavesOf, type Node, nodeAt, type Table } from './tree.js'

/** The parts that tokens need from outside of the tree. */
export interface Outside {
  readonly variable: TokenScope['variable']
  readonly file: (path: string, folder: string) => string | undefined
}

export interface ResolverParts {
  readonly root: Table
  readonly shape: Shape | undefined
  /** Whether the schema's defaults are handed to the schema; without it, it fills in absent values itself. */
  readonly areDefaultsInputs: boolean
  readonly outside: Outside
  readonly secrets: SecretPaths
  /** Other readings of variables' texts, chosen by asking the schema. */
  readonly readings: ReadonlyMap<Node, unknown>
}

/** Turns the merged tree into plain values, evaluating tokens on the final values and following what is a secret. */
export class Resolver {
  readonly complaints: Complaint[] = []
  readonly #parts: ResolverParts
  readonly #done = new Map<Leaf, Evaluated>()
  readonly #open: Leaf[] = []

  constructor(parts: ResolverParts) {
    this.#parts = parts
  }

  /** Everything as one plain object, keys spelled as the schema spells them. */
  plain(): Record<string, unknown> {
    const { areDefaultsInputs, root, shape } = this.#parts
    return (this.#plain(root, shape, areDefaultsInputs) ?? {}) as Record<string, unknown>
  }

  /** The result of one leaf, a secret if its source or its value says so. Its complaint is recorded once, however often it is asked for. */
  evaluated(leaf: Leaf): Evaluated {
    const known = this.#done.get(leaf)
    if (known) return known
    this.#open.push(leaf)
    let result: Evaluated = { value: undefined, raw: undefined, isSecret: leaf.isSecret }
    try {
      result = this.#evaluate(leaf)
    } catch (error) {
      this.complaints.push({ path: leaf.path, message: error instanceof Error ? error.message : 'cannot be resolved', origin: leaf.origin })
    }
    this.#open.pop()
    this.#done.set(leaf, result)
    if (result.isSecret) this.#parts.secrets.add(leaf.path)
    return result
  }

  #evaluate(leaf: Leaf): Evaluated {
    const { readings, shape } = this.#parts
    const part = speaksTokens(leaf.origin) ? this.#part(leaf.value, leaf.origin) : constant(leaf.value)
    const isTokenText = typeof leaf.value === 'string' && speaksTokens(leaf.origin) && isToken(leaf.value)
    const forbidden = isTokenText ? forbiddenIn(part.value, leaf.path) : undefined
    if (forbidden) throw new Error(`has a token that gives ${forbidden.at(-1)}, which is not a name a setting can have`)
    const raw = isTokenText ? part.raw : leaf.raw
    const value = readings.has(leaf) ? readings.get(leaf) : isTokenText ? readToken(part, shapeAt(shape, leaf.path)) : part.value
    return { value, raw, isSecret: leaf.isSecret || part.isSecret || isSecretByItself(value) }
  }

  /** Tokens may also stand inside lists, and in tables inside lists. */
  #part(value: unknown, origin: Origin): Evaluated {
    if (typeof value === 'string')
      return value.startsWith('@') && isToken(value) ? evaluateToken(value, this.#scope(origin)) : constant(value)
    let isSecret = false
    const evaluated = mapItems(value, (item) => {
      const part = this.#part(item, origin)
      isSecret ||= part.isSecret
      return part.value
    })
    return { value: evaluated, raw: undefined, isSecret }
  }

  #scope(origin: Origin): TokenScope {
    const { outside } = this.#parts
    return {
      variable: outside.variable,
      setting: (path) => this.#setting([path]) ?? this.#setting(pathOf(path)),
      file: (path) => outside.file(path, origin.folder),
    }
  }

  #setting(path: readonly string[]): Evaluated | undefined {
    let node: Node | undefined = this.#parts.root
    for (const [index, part] of path.entries()) {
      if (node?.kind === 'leaf') return this.#item(node, path.slice(index))
      node = node && childOf(node, part)
    }
    if (node?.kind === 'leaf') return this.#follow(node)
    if (!node) return undefined
    const isSecret = [...leavesOf(node)].some((leaf) => this.#follow(leaf).isSecret)
    return { value: this.#plain(node, shapeAt(this.#parts.shape, node.path), true), raw: undefined, isSecret }
  }

  #item(list: Leaf, path: readonly string[]): Evaluated | undefined {
    const whole = this.#follow(list)
    let value: unknown = whole.value
    for (const part of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
      value = (value as Record<string, unknown>)[part]
    }
    const isSecret = whole.isSecret || this.#parts.secrets.has([...list.path, ...path]) || isSecretByItself(value)
    return { value, raw: undefined, isSecret }
  }

  /** A leaf that another setting refers to: also its name, or the option "secrets", may say that it is one. */
  #follow(leaf: Leaf): Evaluated {
    const start = this.#open.indexOf(leaf)
    if (start >= 0) {
      const circle = [...this.#open.slice(start), leaf].map((step) => step.path.join('.'))
      throw new Error(`refers to itself: ${circle.join(' -> ')}`)
    }
    const result = this.evaluated(leaf)
    return { ...result, isSecret: result.isSecret || this.#parts.secrets.has(leaf.path) }
  }

  #plain(node: Node, shape: Shape | undefined, takesDefaults: boolean): unknown {
    if (node.kind === 'leaf') {
      if (!takesDefaults && node.origin.layer === 'default') return undefined
      return spelledItems(this.#open.includes(node) ? this.#follow(node).value : this.evaluated(node).value, shape)
    }
    const { readings } = this.#parts
    if (node.raw !== undefined && readings.has(node)) return readings.get(node)
    // A table that has a default is the default with what was said put into it; when nothing was said, the schema gives it.
    const hasDefault = shape?.fallback !== undefined
    if (!takesDefaults && hasDefault && [...leavesOf(node)].every(({ origin }) => origin.layer === 'default')) return undefined
    const table: Record<string, unknown> = {}
    for (const child of node.entries.values()) {
      const key = child.path.at(-1) ?? ''
      const value = this.#plain(child, childShape(shape, key), takesDefaults || hasDefault)
      if (value !== undefined) table[shape?.entries?.get(key.toLowerCase())?.name ?? key] = value
    }
    return node.isList ? Object.values(table) : table
  }
}

const constant = (value: unknown): Evaluated => ({ value, raw: undefined, isSecret: false })

/** The result of a token is read by the schema's type, like the text of a variable. */
function readToken(part: Evaluated, shape: Shape | undefined): unknown {
  return part.raw === undefined || shape === undefined || shape.kind === 'any' ? part.value : readByShape(part.raw, shape)
}

/** The leaves that a problem at a path may come from: those around it, or those below it. */
export function leavesBehind(root: Table, path: readonly string[]): readonly Node[] {
  const whole = nodeAt(root, path)
  if (whole?.kind === 'table') return [...(whole.raw === undefined ? [] : [whole]), ...leavesOf(whole), ...tablesAround(root, path)]
  return tablesAround(root, path)
}

function tablesAround(root: Table, path: readonly string[]): Node[] {
  const found: Node[] = []
  let here: Node | undefined = root
  for (const part of path) {
    here = here?.kind === 'table' ? childOf(here, part) : undefined
    if (here) found.push(here)
  }
  return found
}
