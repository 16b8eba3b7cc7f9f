import { SettingsError } from '../shared/errors.js'
import { nearest } from '../shared/nearest.js'

/** The environment in use, and what decided it. */
export interface Environment {
  readonly name: string
  /** `ENV_FOR_DYNACONF`, `the option "environment"`, `default`. */
  readonly chosenBy: string
}

/** Names that mean the same environment. */
const ALIASES: readonly (readonly string[])[] = [
  ['production', 'prod'],
  ['development', 'dev'],
]

/** Every name of an environment, its own first: `PROD` is also `prod` and `production`. */
export function namesOf(environment: string): readonly string[] {
  const lower = environment.toLowerCase()
  const aliases = ALIASES.find((names) => names.includes(lower)) ?? []
  return [...new Set([environment, lower, ...aliases])]
}

/** Whether two names mean the same environment. */
export function isSameEnvironment(left: string, right: string): boolean {
  return namesOf(left).includes(right.toLowerCase())
}

/**
 * Decides which environment's settings are read: the option, then the first variable that is set and not empty, then
 * the default. Done once for a `Config`: a reload never changes the environment.
 *
 * @throws {SettingsError} for a name that cannot be part of a file's name, or that is not on the allow-list
 */
export function chooseEnvironment(choice: {
  readonly option: string | undefined
  readonly variables: readonly string[]
  readonly fallback: string
  readonly allowed: readonly string[] | undefined
  readonly variable: (name: string) => string | undefined
}): Environment {
  const { name, chosenBy } = find(choice)
  if (!/^[\w-][\w.-]*$/.test(name)) {
    throw new SettingsError(
      `${JSON.stringify(name)}, chosen by ${chosenBy}, is not a name for an environment: use letters, digits, "-", "_" and "."`,
    )
  }
  const { allowed } = choice
  if (!allowed) return { name, chosenBy }
  const isListed = allowed.some((one) => one.toLowerCase() === name.toLowerCase())
  // The list has only its other name: rules and files use that one.
  const alias = isListed ? name : allowed.find((one) => isSameEnvironment(name, one))
  if (alias !== undefined) return { name: alias, chosenBy }
  const near = nearest(name, allowed)
  throw new SettingsError(
    `environment "${name}", chosen by ${chosenBy}, is none of ${allowed.join(', ')}${near === undefined ? '' : `; did you mean "${near}"?`}`,
    { environment: name },
  )
}

function find(choice: Parameters<typeof chooseEnvironment>[0]): Environment {
  if (choice.option !== undefined && choice.option !== '') return { name: choice.option, chosenBy: 'the option "environment"' }
  for (const variable of choice.variables) {
    const name = choice.variable(variable)
    if (name !== undefined && name !== '') return { name, chosenBy: variable }
  }
  return { name: choice.fallback, chosenBy: 'default' }
}
