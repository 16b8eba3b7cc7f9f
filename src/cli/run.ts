import { isConfigError } from '../shared/errors.js'
import { type CliIo, type Command, UsageError } from './command.js'
import { COMMANDS } from './commands.js'
import { STOPPED } from './stopped.js'

/**
 * Runs one command line.
 *
 * @returns the exit code
 */
export async function runCommandLine(args: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return help(rest[0], io)
  const command = COMMANDS.find((known) => known.name === name)
  if (!command) {
    io.stderr(`There is no command "${name.slice(0, 40)}".\n\n${overview()}`)
    return 1
  }
  if (!command.ownsHelp && rest.some((arg) => arg === '--help' || arg === '-h')) return help(name, io)
  try {
    return await io.interruptible(command.run(rest, io))
  } catch (error) {
    if (isStop(error, io.signal)) {
      io.stderr(`${name}: stopped. ${command.afterStop ?? 'Nothing was changed.'}\n`)
      return STOPPED
    }
    io.stderr(`${sentenceOf(error)}\n`)
    return command.failureCode ?? 1
  }
}

/** A question on the terminal is aborted by an error of its own. */
function isStop(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error as Error | undefined)?.name === 'AbortError')
}

function help(name: string | undefined, io: CliIo): number {
  const command = COMMANDS.find((known) => known.name === name)
  io.stdout(command ? `${usageOf(command)}\n\n${command.summary}\n${command.help === '' ? '' : `\n${command.help}\n`}` : overview())
  return 0
}

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length)) + 2
  return [
    'Usage: npx agent-config <command> [options]',
    '',
    ...COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    '',
    '`agent-config help COMMAND` says what a command takes, as in `agent-config migrate --help`.',
    'The database is that of DATABASE_URL, or of --database postgresql://user@host:5432/name.',
    '',
  ].join('\n')
}

function usageOf({ name, usage }: Command): string {
  return `Usage: agent-config ${name} ${usage}`
}

/** One line. A driver's own words may hold an address with its password: they are named by their class and code alone. */
function sentenceOf(error: unknown): string {
  const isOurs = isConfigError(error) || error instanceof UsageError || isParseError(error)
  if (isOurs) return (error as Error).message.replaceAll(/\s*\n\s*/g, ' ')
  const { name, code, message } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return message
  return `${name ?? 'Error'}: ${message ?? String(error)}`.replaceAll(/\s*\n\s*/g, ' ')
}

/** An option that is unknown or lacks its value. */
function isParseError(error: unknown): error is Error {
  return error instanceof TypeError && String((error as { code?: unknown }).code).startsWith('ERR_PARSE_ARGS')
}
