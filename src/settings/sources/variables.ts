import { guess } from '../language/read-text.js'
import type { Shape } from '../schema/shape.js'
import { pathKey, splitKey } from '../tree/path.js'
import type { Assignment, Layer } from './origin.js'

/** One variable, from the environment or from a .env file. */
export interface Variable {
  readonly name: string
  readonly text: string
  /** How the place is printed and what relative paths start at. */
  readonly shown: string
  readonly folder: string
  readonly line?: number
}

/** What turns variables into settings. */
export interface VariableRules {
  readonly layer: Layer
  readonly prefix: string | undefined
  readonly shape: Shape | undefined
  /** Whether a lower layer says this key, so that `LOG_FILE` in a file makes PREFIX_LOG_FILE that key. */
  readonly isSaid: (path: readonly string[]) => boolean
  readonly readFile: (path: string, folder: string) => string | undefined
  readonly complain: (variable: string, path: readonly string[], message: string) => void
}

/**
 * The settings that variables say. They are put in order by depth, then by name: the order of the process
 * environment never matters.
 */
export function assignmentsOf(variables: Iterable<Variable>, rules: VariableRules): readonly Assignment[] {
  const found: { variable: Variable; path: readonly string[] }[] = []
  for (const variable of variables) {
    const path = pathOfVariable(variable.name, rules.prefix, rules.shape)
    if (path) found.push({ variable, path })
  }
  found.sort((left, right) => left.path.length - right.path.length || (left.variable.name < right.variable.name ? -1 : 1))
  const direct = new Set(found.map(({ path }) => pathKey(path)))
  return found.flatMap(({ variable, path }) => {
    const target = referencedPath(path, rules)
    if (!target) return [assignment(variable, path, variable.text, rules.layer, false)]
    if (direct.has(pathKey(target))) {
      rules.complain(
        variable.name,
        target,
        `is set twice, by ${variable.name} and by ${variable.name.slice(0, -'_FILE'.length)}: unset one of them`,
      )
      return []
    }
    const text = rules.readFile(variable.text, variable.folder)
    if (text === undefined) rules.complain(variable.name, target, `comes from the file that ${variable.name} names, which does not exist`)
    return text === undefined ? [] : [assignment(variable, target, text.trim(), rules.layer, true)]
  })
}

function assignment(variable: Variable, path: readonly string[], text: string, layer: Layer, isSecret: boolean): Assignment {
  const { line } = variable
  const origin = { layer, name: variable.shown, folder: variable.folder, ...(line === undefined ? {} : { line: () => line }) }
  return { path, value: guess(text), raw: text, origin, isSecret }
}

/** The path a variable names; `undefined` for a variable that is none of ours. */
export function pathOfVariable(name: string, prefix: string | undefined, shape: Shape | undefined): readonly string[] | undefined {
  if (prefix !== undefined) {
    const start = `${prefix}_`
    if (!name.startsWith(start) || name.length === start.length) return undefined
    const key = name.slice(start.length)
    return shape?.entries?.has(key.toLowerCase()) ? [key] : splitKey(key)
  }
  // Without a prefix only what the schema names is read, so that PATH and HOME stay out of the settings.
  const path = shape?.entries?.has(name.toLowerCase()) ? [name] : splitKey(name)
  const head = path[0] ?? ''
  const known = shape?.entries?.get(head.toLowerCase()) ?? shape?.entries?.get(head.replace(/_FILE$/, '').toLowerCase())
  if (!known) return undefined
  const plain = path.length === 1 && head.endsWith('_FILE') && !shape?.entries?.has(head.toLowerCase()) ? head.slice(0, -5) : head
  return plain === known.name || plain === known.name.toUpperCase() ? path : undefined
}

/** `DB.PASSWORD` for `DB.PASSWORD_FILE`, unless the setting itself has that name. */
function referencedPath(path: readonly string[], rules: VariableRules): readonly string[] | undefined {
  const last = path.at(-1) ?? ''
  if (!/._file$/i.test(last) || rules.isSaid(path)) return undefined
  let shape = rules.shape
  for (const part of path.slice(0, -1)) shape = shape?.entries?.get(part.toLowerCase())?.shape ?? shape?.rest
  if (shape?.entries?.has(last.toLowerCase())) return undefined
  return [...path.slice(0, -1), last.slice(0, -'_file'.length)]
}
