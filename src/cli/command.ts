import { type ParseArgsConfig, parseArgs } from 'node:util'

/** What a command reads and writes. */
export interface CliIo {
  /** Results. Texts end with a line feed. */
  stdout(text: string): void
  /** Progress, questions and errors. Texts end with a line feed. */
  stderr(text: string): void
  /** Everything on standard input. */
  stdin(): Promise<string>
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether the output is a terminal, so that a person can be asked. */
  readonly isTerminal: boolean
  /** Asks on the terminal; anything but y or yes is a no. */
  confirm(question: string): Promise<boolean>
  /** Aborted when the process is asked to end (SIGINT, SIGTERM). */
  readonly signal: AbortSignal
  /**
   * Runs the last part of a command, which has to end before the process may: once it has begun, SIGINT only aborts `signal`. Before that,
   * SIGINT ends the command at once.
   */
  uninterrupted<Value>(work: () => Promise<Value>): Promise<Value>
  /** Settles as the work does, or rejects with the reason of `signal` when that is aborted before any `uninterrupted` work has begun. */
  interruptible<Value>(work: Promise<Value>): Promise<Value>
}

/** One command of `npx agent-config`. */
export interface Command {
  readonly name: string
  /** The arguments after the name in a usage line, such as `NAME --version N [--label LABEL]`. */
  readonly usage: string
  /** What it does, in one line. */
  readonly summary: string
  /** What `agent-config NAME --help` says below that: options and an example. */
  readonly help: string
  /**
   * @returns the exit code: 0 when it did what it was asked to, 1 when it refuses or found something
   * @throws what is printed in one line, with exit code 1 or `failureCode`
   */
  run(args: readonly string[], io: CliIo): Promise<number>
  /** The exit code after an error. @default 1 */
  readonly failureCode?: number
  /** Whether `run` answers `--help` itself. @default false */
  readonly ownsHelp?: boolean
  /** What is printed after SIGINT. @default 'Nothing was changed.' */
  readonly afterStop?: string
}

/** A command line that cannot be carried out, and what to write instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

type Options = NonNullable<ParseArgsConfig['options']>

/** The options of a command line and what stands besides them. */
export function parseCommandLine<const Given extends Options>(
  args: readonly string[],
  options: Given,
): ReturnType<typeof parseArgs<{ args: string[]; options: Given; allowPositionals: true }>> {
  return parseArgs({ args: [...args], options, allowPositionals: true })
}

/** A number on the command line. @throws {UsageError} when it is none */
export function readInteger(option: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`${option} must be a whole number, got "${text.slice(0, 40)}"`)
  return Number(text)
}
