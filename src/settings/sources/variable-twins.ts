import { isRecordKey, type Shape, shapeAt } from '../schema/shape.js'
import { pathKey } from '../tree/path.js'
import type { Target } from './variable.js'

interface Rules {
  readonly names: { readonly arePrefixed: boolean }
  readonly shape: Shape | undefined
  readonly complain: (variable: string, path: readonly string[], message: string) => void
}

/**
 * Variables of one layer whose names differ in case only: `P_PORT` and `P_port` set one setting, so which of them counts would be left to
 * chance. That is a complaint, unless they say the same, or tables, which are merged. Keys of a record are kept apart, as in a file. Without a prefix the environment
 * is other programs' too (`http_proxy` beside `HTTP_PROXY`): there the name as the schema spells it counts.
 */
export function settleTwins(targets: readonly Target[], rules: Rules): readonly Target[] {
  return groupsBy(targets, ({ isFile, isOwn, path }) => `${isFile}${isOwn}${pathKey(path)}`).flatMap((twins) => {
    const first = twins[0]?.variable.name
    if (twins[0]?.isOwn || twins.every(({ variable }) => variable.name === first)) return twins
    const settings = groupsBy(twins, ({ path }) => exactKey(rules.shape, path))
    const level = settings.length > 1 ? firstDifference(settings, rules.shape) : undefined
    for (const said of settings) if (rules.names.arePrefixed) complainOf(said, rules)
    return level === undefined ? twins : twins.map((target) => ({ ...target, exactFrom: level }))
  })
}

function groupsBy(targets: readonly Target[], keyOf: (target: Target) => string): (readonly Target[])[] {
  const groups = new Map<string, Target[]>()
  for (const target of targets) {
    const key = keyOf(target)
    const group = groups.get(key)
    if (group) group.push(target)
    else groups.set(key, [target])
  }
  return [...groups.values()]
}

/** The path with the case of a record's keys, which are told apart by it. */
function exactPath(shape: Shape | undefined, path: readonly string[]): readonly string[] {
  return path.map((part, level) => (isRecordKey(shapeAt(shape, path.slice(0, level)), part) ? part : part.toLowerCase()))
}

/** How the paths of variables are compared: in any case, but for keys of a record. */
export const exactKey = (shape: Shape | undefined, path: readonly string[]): string => exactPath(shape, path).join('.')

function firstDifference(settings: readonly (readonly Target[])[], shape: Shape | undefined): number {
  const paths = settings.map(([target]) => exactPath(shape, target?.path ?? []))
  return (paths[0] ?? []).findIndex((part, level) => paths.some((path) => path[level] !== part))
}

function complainOf(said: readonly Target[], { complain }: Rules): void {
  const [first] = said
  const twin = said.find(({ variable }) => variable.name !== first?.variable.name && variable.text !== first?.variable.text)
  // Tables are merged in the order of their names, whichever variables they are in.
  if (!first || !twin || said.every(({ variable }) => /^\s*\{/.test(variable.text))) return
  complain(twin.variable.name, twin.path, `is set twice, by ${first.variable.name} and by ${twin.variable.name}: unset one of them`)
}
