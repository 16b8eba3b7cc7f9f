import { readByShape, readVariable } from '../schema/read-by-shape.js'
import { type Shape, shapeAt } from '../schema/shape.js'
import { pathKey, pathOf, pathOfKey } from '../tree/path.js'
import type { Assignment, Layer, Origin } from './origin.js'
import type { Target, Variable } from './variable.js'
import { exactKey, settleTwins } from './variable-twins.js'

/** Which variables name which settings. */
export class VariableNames {
  readonly #prefix: string | undefined
  readonly #shape: Shape | undefined
  /** Names of the host's own choice, by option or by the schema's metadata. */
  readonly #own = new Map<string, readonly string[]>()

  constructor(prefix: string | undefined, shape: Shape | undefined, variables: Readonly<Record<string, string>>) {
    this.#prefix = prefix
    this.#shape = shape
    for (const [path, name] of variablesIn(shape)) this.#own.set(name, path)
    for (const [name, path] of Object.entries(variables)) this.#own.set(name, pathOf(path))
  }

  /** The path a variable names; `undefined` for a variable that is no setting. `isOwn` marks a name of the host's choice. */
  find(name: string): { readonly path: readonly string[]; readonly isOwn: boolean } | undefined {
    const own = this.#own.get(name)
    if (own) return { path: own, isOwn: true }
    const file = /_FILE$/.test(name) ? this.#own.get(name.slice(0, -'_FILE'.length)) : undefined
    if (file) return { path: [...file.slice(0, -1), `${file.at(-1)}_FILE`], isOwn: true }
    const path = this.#prefix === undefined ? this.#withoutPrefix(name) : this.#withPrefix(name, `${this.#prefix}_`)
    return path && { path, isOwn: false }
  }

  /** The variable that sets a path, as it is written in advice and documentation. */
  nameOf(path: readonly string[]): string {
    const key = pathKey(path)
    for (const [name, own] of this.#own) if (pathKey(own) === key) return name
    return this.prefixed(path)
  }

  /** Whether every name has the prefix, so that no other program means its own variable by it. */
  get arePrefixed(): boolean {
    return this.#prefix !== undefined
  }

  prefixed(path: readonly string[]): string {
    return `${this.#prefix === undefined ? '' : `${this.#prefix}_`}${path.join('__')}`
  }

  #withPrefix(name: string, start: string): readonly string[] | undefined {
    if (!name.startsWith(start) || name.length === start.length) return undefined
    const key = name.slice(start.length)
    return this.#shape?.entries?.has(key.toLowerCase()) ? [key] : pathOfKey(key)
  }

  /** Without a prefix only what the schema names is read, so that PATH and HOME stay out of the settings. */
  #withoutPrefix(name: string): readonly string[] | undefined {
    const entries = this.#shape?.entries
    const path = entries?.has(name.toLowerCase()) ? [name] : pathOfKey(name)
    const head = path[0] ?? ''
    const known = entries?.get(head.toLowerCase()) ?? entries?.get(head.replace(/_FILE$/, '').toLowerCase())
    if (!known) return undefined
    const plain = path.length === 1 && head.endsWith('_FILE') && !entries?.has(head.toLowerCase()) ? head.slice(0, -5) : head
    return plain === known.name || plain === known.name.toUpperCase() ? path : undefined
  }
}

function variablesIn(shape: Shape | undefined, path: readonly string[] = []): [readonly string[], string][] {
  // A schema that contains itself without end has no names this deep.
  if (!shape?.entries || path.length > 20) return []
  return [...shape.entries.values()].flatMap(({ name, shape: entry }) => {
    const here = [...path, name]
    const own: [readonly string[], string][] = entry.variable === undefined ? [] : [[here, entry.variable]]
    return [...own, ...variablesIn(entry, here)]
  })
}

/** The rules by which variables become settings. */
export interface VariableRules {
  readonly layer: Layer
  readonly names: VariableNames
  readonly shape: Shape | undefined
  /** Whether an empty variable counts as not set. */
  readonly isEmptyUnset: boolean
  /** Whether a lower layer has this key, so that with `LOG_FILE` in a file PREFIX_LOG_FILE is that key, and not `LOG` by a file. */
  readonly isSaid: (path: readonly string[]) => boolean
  /** Whether a higher layer has this path, so that a missing file is not an error. */
  readonly isSaidAbove: (path: readonly string[]) => boolean
  readonly readFile: (path: string, folder: string) => string | undefined
  readonly complain: (variable: string, path: readonly string[], message: string) => void
}

/**
 * The settings that variables say. They are put in order by depth, then by name: the order of the process
 * environment never matters. A name of the host's own choice comes before a prefixed one, which is more explicit and wins.
 */
export function assignmentsOf(variables: Iterable<Variable>, rules: VariableRules): readonly Assignment[] {
  const targets = [...settleTwins(targetsOf(variables, rules), rules)]
  targets.sort(
    (left, right) =>
      Number(right.isOwn) - Number(left.isOwn) ||
      left.path.length - right.path.length ||
      comparePaths(left.path, right.path) ||
      byName(left, right),
  )
  // As the images of Docker do: an empty variable beside its `_FILE` is not set.
  const direct = new Map(
    targets.filter(({ isFile, variable }) => !isFile && variable.text !== '').map((target) => [exactKey(rules.shape, target.path), target]),
  )
  return targets.flatMap((target): Assignment[] => {
    const { variable, path, isFile } = target
    if (!isFile) return [textAssignment(target, rules)]
    if (variable.text === '') return []
    const other = direct.get(exactKey(rules.shape, path))?.variable.name
    if (other !== undefined) {
      rules.complain(variable.name, path, `is set twice, by ${variable.name} and by ${other}: unset one of them`)
      return []
    }
    const text = rules.readFile(variable.text, variable.folder)
    if (text !== undefined) return [{ ...literalValue(text, path, rules.shape, originOf(variable, rules.layer)), ...exactly(target) }]
    if (!rules.isSaidAbove(path))
      rules.complain(variable.name, path, `comes from the file that ${variable.name} names, which does not exist`)
    return []
  })
}

/** The paths that variables set, without their values. */
export function targetsOf(
  variables: Iterable<Variable>,
  rules: Pick<VariableRules, 'names' | 'shape' | 'isSaid' | 'isEmptyUnset'>,
): Target[] {
  const found: Target[] = []
  for (const variable of variables) {
    if (rules.isEmptyUnset && variable.text === '') continue
    const named = rules.names.find(variable.name)
    if (!named) continue
    const target = pathOfFile(named.path, rules)
    found.push({ variable, path: target ?? named.path, isOwn: named.isOwn, isFile: target !== undefined })
  }
  return found
}

function textAssignment(target: Target, rules: VariableRules): Assignment {
  const { path, variable } = target
  const { text, isSecret = false } = variable
  const value = readVariable(text, shapeAt(rules.shape, path))
  return { path, value, raw: text, origin: originOf(variable, rules.layer), isSecret, ...exactly(target) }
}

const exactly = ({ exactFrom }: Target): Pick<Assignment, 'exactFrom'> => (exactFrom === undefined ? {} : { exactFrom })

/**
 * A value that a file of its own holds: the content less one line end. It is read only where the schema wants something other than
 * text; nothing in it is a quote or a token.
 */
export function literalValue(content: string, path: readonly string[], shape: Shape | undefined, origin: Origin): Assignment {
  const text = content.replace(/\r?\n$/, '')
  const here = shapeAt(shape, path)
  const value = here === undefined || here.kind === 'any' ? text : readByShape(text, here)
  return { path, value, raw: text, origin: { ...origin, isLiteral: true }, isSecret: true }
}

function originOf(variable: Variable, layer: Layer): Origin {
  const { line } = variable
  return { layer, name: variable.shown, folder: variable.folder, ...(line === undefined ? {} : { line: () => line }) }
}

/** `DB.PASSWORD` for `DB.PASSWORD_FILE`, unless the setting itself has that name. */
function pathOfFile(path: readonly string[], rules: Pick<VariableRules, 'shape' | 'isSaid'>): readonly string[] | undefined {
  const last = path.at(-1) ?? ''
  if (!/._file$/i.test(last) || rules.isSaid(path)) return undefined
  const around = shapeAt(rules.shape, path.slice(0, -1))
  if (around?.entries?.has(last.toLowerCase())) return undefined
  return [...path.slice(0, -1), last.slice(0, -'_file'.length)]
}

const INDEX = /^\d+$/

function comparePaths(left: readonly string[], right: readonly string[]): number {
  for (let at = 0; at < left.length; at++) {
    const [one = '', other = ''] = [left[at], right[at]]
    if (one === other) continue
    // Items of a list in their order: 10 comes after 9.
    if (INDEX.test(one) && INDEX.test(other)) return Number(one) - Number(other)
    return one < other ? -1 : 1
  }
  return 0
}

const byName = (left: Target, right: Target): number => (left.variable.name < right.variable.name ? -1 : 1)
