import { type Evaluated, evaluateToken, isToken, type TokenScope } from '../language/token.js'
import type { Shape } from '../schema/shape.js'
import type { SecretPaths } from '../secrets/secret-paths.js'
import { type Origin, speaksTokens } from '../sources/origin.js'
import { isPlainTable, pathKey } from './path.js'
import type { Complaint, Leaf, Node, Table } from './tree.js'

/** What tokens need from outside the tree. */
export interface Outside {
  readonly variable: TokenScope['variable']
  readonly file: (path: string, folder: string) => string | undefined
}

/** Turns the merged tree into plain values, evaluating tokens on the final values and following who is a secret. */
export class Resolver {
  readonly complaints: Complaint[] = []
  /** Whether any value was made from another setting, and must be made again when that one is read differently. */
  hasReferences = false
  readonly #root: Table
  readonly #outside: Outside
  readonly #secrets: SecretPaths
  /** Another reading of a variable's text, chosen by the schema: path key to value. */
  readonly #readings: ReadonlyMap<string, unknown>
  readonly #done = new Map<Leaf, Evaluated>()
  readonly #open: Leaf[] = []

  constructor(parts: { root: Table; outside: Outside; secrets: SecretPaths; readings: ReadonlyMap<string, unknown> }) {
    this.#root = parts.root
    this.#outside = parts.outside
    this.#secrets = parts.secrets
    this.#readings = parts.readings
  }

  /** Everything as one plain object, keys spelled as the schema spells them. */
  plain(shape: Shape | undefined): Record<string, unknown> {
    return this.#plain(this.#root, shape) as Record<string, unknown>
  }

  /** The result of one leaf; its own complaint is recorded once, whoever asks. */
  evaluated(leaf: Leaf): Evaluated {
    const known = this.#done.get(leaf)
    if (known) return known
    this.#open.push(leaf)
    let result: Evaluated = { value: undefined, raw: undefined, isSecret: leaf.isSecret || this.#secrets.has(leaf.path) }
    try {
      result = this.#evaluate(leaf)
    } catch (error) {
      this.complaints.push({ path: leaf.path, message: error instanceof Error ? error.message : 'cannot be resolved', origin: leaf.origin })
    }
    this.#open.pop()
    this.#done.set(leaf, result)
    if (result.isSecret) this.#secrets.add(leaf.path)
    return result
  }

  #evaluate(leaf: Leaf): Evaluated {
    const isSecret = leaf.isSecret || this.#secrets.has(leaf.path)
    const key = pathKey(leaf.path)
    const part = speaksTokens(leaf.origin) ? this.#part(leaf.value, leaf.origin) : constant(leaf.value)
    const raw = typeof leaf.value === 'string' && isToken(leaf.value) ? part.raw : leaf.raw
    const value = this.#readings.has(key) ? this.#readings.get(key) : part.value
    return { value, raw, isSecret: isSecret || part.isSecret }
  }

  /** Tokens may also stand inside lists, and in tables inside lists. */
  #part(value: unknown, origin: Origin): Evaluated {
    if (typeof value === 'string')
      return value.startsWith('@') && isToken(value) ? evaluateToken(value, this.#scope(origin)) : constant(value)
    if (Array.isArray(value)) {
      const items = value.map((item) => this.#part(item, origin))
      return { value: items.map((item) => item.value), raw: undefined, isSecret: items.some((item) => item.isSecret) }
    }
    if (!isPlainTable(value)) return constant(value)
    const entries = Object.entries(value).map(([key, item]) => [key, this.#part(item, origin)] as const)
    return {
      value: Object.fromEntries(entries.map(([key, item]) => [key, item.value])),
      raw: undefined,
      isSecret: entries.some(([, item]) => item.isSecret),
    }
  }

  #scope(origin: Origin): TokenScope {
    return {
      variable: this.#outside.variable,
      setting: (path) => this.#setting(path),
      file: (path) => this.#outside.file(path, origin.folder),
    }
  }

  #setting(path: readonly string[]): Evaluated | undefined {
    this.hasReferences = true
    let node: Node | undefined = this.#root
    for (const [index, part] of path.entries()) {
      if (node?.kind === 'leaf') return this.#item(node, path.slice(index))
      node = node?.entries.get(part.toLowerCase())
    }
    if (node?.kind === 'leaf') return this.#follow(node)
    if (!node) return undefined
    const isSecret = [...node.entries.values()].some((child) => this.#hasSecret(child))
    return { value: this.#plain(node, undefined), raw: undefined, isSecret }
  }

  #item(list: Leaf, path: readonly string[]): Evaluated | undefined {
    const whole = this.#follow(list)
    let value: unknown = whole.value
    for (const part of path) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
      value = (value as Record<string, unknown>)[part]
    }
    return { value, raw: undefined, isSecret: whole.isSecret }
  }

  #follow(leaf: Leaf): Evaluated {
    const start = this.#open.indexOf(leaf)
    if (start >= 0) {
      const circle = [...this.#open.slice(start), leaf].map((step) => step.path.join('.'))
      throw new Error(`refers to itself: ${circle.join(' -> ')}`)
    }
    return this.evaluated(leaf)
  }

  #hasSecret(node: Node): boolean {
    return node.kind === 'leaf' ? this.#follow(node).isSecret : [...node.entries.values()].some((child) => this.#hasSecret(child))
  }

  #plain(node: Node, shape: Shape | undefined): unknown {
    if (node.kind === 'leaf') return this.#open.includes(node) ? this.#follow(node).value : this.evaluated(node).value
    const key = node.raw === undefined ? undefined : pathKey(node.path)
    if (key !== undefined && this.#readings.has(key)) return this.#readings.get(key)
    const table: Record<string, unknown> = {}
    for (const [lower, child] of node.entries) {
      const entry = shape?.entries?.get(lower)
      const value = this.#plain(child, entry?.shape ?? shape?.rest)
      if (value !== undefined) table[entry?.name ?? child.path.at(-1) ?? lower] = value
    }
    return shape?.type === 'list' ? listFrom(table) : table
  }
}

const constant = (value: unknown): Evaluated => ({ value, raw: undefined, isSecret: false })

/** `L__0=a` and `L__1=b` say a list where the schema wants one. */
function listFrom(table: Record<string, unknown>): unknown {
  const keys = Object.keys(table)
  return keys.length > 0 && keys.every((key, index) => key === String(index)) ? Object.values(table) : table
}
