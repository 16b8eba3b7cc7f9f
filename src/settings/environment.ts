import { SettingsError } from '../shared/errors.js'
import { nearest } from './tree/path.js'

/** The environment in use, and what decided it. */
export interface Environment {
  readonly name: string
  /** `ENV_FOR_DYNACONF`, `the option "environment"`, `default`. */
  readonly chosenBy: string
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
  const environment = find(choice)
  const { name, chosenBy } = environment
  if (!/^[\w-][\w.-]*$/.test(name)) {
    throw new SettingsError(
      `${JSON.stringify(name)}, chosen by ${chosenBy}, is not a name for an environment: use letters, digits, "-", "_" and "."`,
    )
  }
  const isAllowed = choice.allowed?.some((allowed) => allowed.toLowerCase() === name.toLowerCase()) ?? true
  if (!isAllowed) {
    const near = nearest(name, choice.allowed ?? [])
    throw new SettingsError(
      `environment "${name}", chosen by ${chosenBy}, is none of ${(choice.allowed ?? []).join(', ')}${near === undefined ? '' : `; did you mean "${near}"?`}`,
      { environment: name },
    )
  }
  return environment
}

function find(choice: Parameters<typeof chooseEnvironment>[0]): Environment {
  if (choice.option !== undefined && choice.option !== '') return { name: choice.option, chosenBy: 'the option "environment"' }
  for (const variable of choice.variables) {
    const name = choice.variable(variable)
    if (name !== undefined && name !== '') return { name, chosenBy: variable }
  }
  return { name: choice.fallback, chosenBy: 'default' }
}
