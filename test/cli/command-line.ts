import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { CliIo } from '../../src/cli/command.js'
import { Interruptions } from '../../src/cli/interruptions.js'
import { runCommandLine } from '../../src/cli/run.js'
import { builtProgram } from '../support/built-program.js'

export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly stdin?: string
  /** What the person at the terminal says; absent: there is no terminal. */
  readonly answer?: boolean
}

/** One command line in this process. */
export async function runCli(args: readonly string[], { env = {}, cwd = '/', stdin = '', answer }: Surroundings = {}): Promise<Outcome> {
  const said = { stdout: '', stderr: '' }
  const interruptions = new Interruptions()
  const io: CliIo = {
    stdout: (text) => {
      said.stdout += text
    },
    stderr: (text) => {
      said.stderr += text
    },
    stdin: async () => stdin,
    cwd,
    env: { USER: 'ada', ...env },
    isTerminal: answer !== undefined,
    confirm: async () => answer === true,
    signal: interruptions.signal,
    uninterrupted: (work) => interruptions.uninterrupted(work),
    interruptible: (work) => interruptions.interruptible(work),
  }
  const code = await runCommandLine(args, io)
  return { code, ...said }
}

/** A command line in a process of its own. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>>, cwd?: string) {
  const cli = builtProgram(new URL('../../src/cli.ts', import.meta.url), { withPackages: true })
  const child = spawn(process.execPath, [cli, ...args], { env: { PATH: process.env.PATH, USER: 'ada', ...env }, cwd })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (text) => {
    said.stdout += text
  })
  child.stderr.on('data', (text) => {
    said.stderr += text
  })
  const ended = once(child, 'close').then(([code]): Outcome => ({ code, ...said }))
  return { child, ended }
}
