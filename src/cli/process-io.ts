import { createInterface } from 'node:readline/promises'
import type { CliIo } from './command.js'
import { Interruptions } from './interruptions.js'

/** The process's own streams, environment and signals. A second SIGINT ends the process at once. */
export function processIo(): CliIo {
  const interruptions = new Interruptions()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruptions.stop())
  // A reader that has seen enough, such as `head`, is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    stdin: readStdin,
    cwd: process.cwd(),
    env: process.env,
    isTerminal: process.stdout.isTTY === true && process.stdin.isTTY === true,
    confirm: (question) => ask(question, interruptions.signal),
    signal: interruptions.signal,
    uninterrupted: (work) => interruptions.uninterrupted(work),
    interruptible: (work) => interruptions.interruptible(work),
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

async function ask(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `, { signal })).trim())
  } finally {
    lines.close()
  }
}
