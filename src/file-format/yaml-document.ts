import { Document, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, Scalar, type YAMLMap } from 'yaml'
import { isSame } from './canonical.js'
import { FormatError, type FormatProblem } from './problem.js'

export type Values = Readonly<Record<string, unknown>>
export type Place = Pick<FormatProblem, 'line' | 'column'>
type Path = readonly (string | number)[]

const READING = { version: '1.2', schema: 'core', stringKeys: true, prettyErrors: false } as const
const PRINTING = { lineWidth: 0, blockQuote: 'literal' } as const

/** Most aliases that a text may use: some lines can stand for gigabytes otherwise. */
const MAX_ALIASES = 100

/** A YAML mapping with the places of its values. */
export class YamlDocument {
  readonly values: Values
  readonly #source: string
  readonly #document: Document
  readonly #places = new LineCounter()
  /** Lines of the file before the first of this text. */
  readonly #linesBefore: number

  /** @throws {FormatError} when the text is not YAML, or not one mapping */
  constructor(text: string, linesBefore = 0) {
    this.#source = text
    this.#linesBefore = linesBefore
    this.#document = this.#read(text)
    const [first] = [...this.#document.errors, ...this.#document.warnings]
    if (first) throw new FormatError([{ ...this.#at(first.pos[0]), message: oneLine(first.message) }])
    const { contents } = this.#document
    if (contents !== null && !isMap(contents) && !isEmpty(contents)) {
      throw new FormatError([
        { ...this.#at((contents as Node).range?.[0] ?? 0), message: 'must be a mapping: lines of the form "key: value"' },
      ])
    }
    this.values = this.#valuesOf()
  }

  /** Where a value stands, or its key; for a path that is not there, the nearest thing above it. */
  placeOf(path: Path, side: 'key' | 'value' = 'key'): Place {
    let node: unknown = this.#document.contents
    let offset = 0
    for (const [depth, part] of path.entries()) {
      const found = childOf(node, part)
      if (!found) break
      node = found.value
      const wanted = side === 'key' && depth === path.length - 1 ? (found.key ?? found.value) : (found.value ?? found.key)
      offset = wanted?.range?.[0] ?? offset
    }
    return this.#at(offset)
  }

  /** Where a place inside of a text stands: exact in block scalars, elsewhere the beginning of the text. */
  placeInText(path: Path, line: number, column: number): Place {
    const start = this.placeOf(path, 'value')
    const node = this.#document.getIn(path, true)
    if (!isScalar(node) || node.type !== Scalar.BLOCK_LITERAL || !node.range) return start
    const [, ...lines] = this.#source.slice(node.range[0], node.range[1]).split('\n')
    const indent = /^ */.exec(lines.find((one) => one.trim() !== '') ?? '')?.[0].length ?? 0
    return { line: start.line + line, column: column + indent }
  }

  /** The same mapping with other values: comments, the order of keys, the style of what stays and the end of the text are kept. */
  with(values: Values): string {
    if (isSame(this.values, values)) return this.#source
    const document = this.#document.clone()
    if (!isMap(document.contents)) return printYaml(values)
    revise(document, document.contents, values)
    const text = document.toString(PRINTING)
    const ended = this.#source.endsWith('\n') ? text : text.replace(/\n$/, '')
    if (isReadAs(ended, values)) return ended
    return isReadAs(text, values) ? text : printYaml(values)
  }

  #read(text: string): Document {
    try {
      return parseDocument(text, { ...READING, lineCounter: this.#places }) as Document
    } catch (error) {
      // A text that is nested thousands of levels deep exhausts the stack.
      throw new FormatError([{ line: 1 + this.#linesBefore, column: 1, message: `is not YAML: ${oneLine((error as Error).message)}` }])
    }
  }

  #valuesOf(): Values {
    try {
      return (this.#document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {}) as Values
    } catch (error) {
      throw new FormatError([{ ...this.#at(0), message: oneLine((error as Error).message) }])
    }
  }

  #at(offset: number): Place {
    const { line, col } = this.#places.linePos(offset)
    return { line: Math.max(line, 1) + this.#linesBefore, column: Math.max(col, 1) }
  }
}

/** YAML of a mapping. A value that YAML would not read back unchanged is written as JSON, which is YAML too. */
export function printYaml(values: Values): string {
  if (Object.keys(values).length === 0) return ''
  const text = new Document(values, { version: '1.2', aliasDuplicateObjects: false }).toString(PRINTING)
  if (isReadAs(text, values)) return text
  return Object.entries(values)
    .map(([key, value]) => `${JSON.stringify(key)}: ${asciiJson(value)}\n`)
    .join('')
}

function isReadAs(text: string, values: Values): boolean {
  try {
    return !/\r|(?:^|\n)---(?:\n|$)/.test(text) && isSame(new YamlDocument(text).values, values)
  } catch {
    return false
  }
}

/** Control characters and what editors take for the end of a line are escaped. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function revise(document: Document, map: YAMLMap, values: Values): void {
  for (const { key } of [...map.items] as Pair<Node>[]) {
    if (!Object.hasOwn(values, keyOf(key))) map.delete(key)
  }
  for (const [key, value] of Object.entries(values)) {
    const node = map.get(key, true) as unknown
    const before = isScalar(node) || isMap(node) || isSeq(node) ? node.toJS(document, { maxAliasCount: MAX_ALIASES }) : undefined
    if (before !== undefined && isSame(before, value)) continue
    if (isMap(node) && isObject(value)) revise(document, node, value)
    else if (isScalar(node) && !isObject(value) && !Array.isArray(value)) node.value = value
    else map.set(key, document.createNode(value, { aliasDuplicateObjects: false }))
  }
}

interface Child {
  readonly key?: Node | null
  readonly value: Node | null
}

function childOf(node: unknown, part: string | number): Child | undefined {
  if (isSeq(node)) {
    const value = node.items[Number(part)] as Node | undefined
    return value && { value }
  }
  if (!isMap(node)) return undefined
  const pair = node.items.find(({ key }) => keyOf(key) === String(part))
  return pair && { key: pair.key as Node, value: pair.value as Node | null }
}

function keyOf(key: unknown): string {
  return String(isScalar(key) ? key.value : key)
}

function isObject(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isEmpty(contents: unknown): boolean {
  return isScalar(contents) && contents.value === null
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, ' ').replace(/ at line \d+, column \d+:?.*$/, '')
}
