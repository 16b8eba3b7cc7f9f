import { readInteger, UsageError } from './command.js'

/** The one name of a command line. */
export function readName(command: string, positionals: readonly string[]): string {
  const [name, surplus] = positionals
  if (name === undefined || name === '') throw new UsageError(`${command} takes a name, as in: agent-config ${command} support/triage`)
  if (surplus !== undefined) throw new UsageError(`${command} takes one name, got "${name}" and "${surplus}"`)
  return name
}

/** A version on the command line: `4` or `v4`. */
export function readVersion(command: string, text: string | undefined): number {
  if (text === undefined) throw new UsageError(`${command} needs --version N; agent-config history NAME lists the versions`)
  const version = readInteger('--version', text.replace(/^v(?=\d)/, ''))
  if (version < 1) throw new UsageError('--version must be 1 or more')
  return version
}
