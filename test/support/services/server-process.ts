import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endFamily, familyOf, killFamily, signalAll } from './process-family.js'
import type { Server } from './server.js'
import { forget, watch } from './watchdog.js'

/** How to run one server program. */
export interface ServerProgram {
  readonly url: string
  readonly port: number
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Whom to run it as; only root may choose. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** The server's own folder: working directory, data and log. Removed by `stop`. */
  readonly folder: string
  /** Asks for an orderly end that keeps the data. */
  readonly stopSignal: NodeJS.Signals
  /** Rejects until the server answers a query. */
  readonly ask: () => Promise<void>
}

const READY_WITHIN_MS = 30_000
const GONE_WITHIN_MS = 5_000

/** Starts a server program and resolves when it answers a query; an open port alone does not count. */
export async function startServerProcess(program: ServerProgram): Promise<Server> {
  let child = await launch(program)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const ended = (ending: ChildProcess) =>
    new Promise<void>((resolve) => {
      // Waiting for it has to keep this process alive, which it otherwise does not.
      ending.ref()
      if (ending.exitCode !== null || ending.signalCode !== null) resolve()
      else ending.once('exit', () => resolve())
    })

  const server: Server = {
    url: program.url,
    port: program.port,
    get pid() {
      return child.pid!
    },
    async freeze() {
      // The parent first, or it would answer a frozen child's silence; twice, for a child born in between.
      for (let round = 0; round < 2; round++) signalAll(familyOf(child.pid!), 'SIGSTOP')
    },
    async thaw() {
      signalAll([...familyOf(child.pid!)].reverse(), 'SIGCONT')
    },
    async kill() {
      await killFamily(child.pid!)
      await ended(child)
      forget(child.pid!)
    },
    async restart() {
      if (isRunning()) {
        await server.thaw()
        child.kill(program.stopSignal)
        await ended(child)
        forget(child.pid!)
      }
      child = await launchAgain(program)
    },
    async stop() {
      if (isRunning()) await endFamily(child.pid!)
      await ended(child)
      forget(child.pid!)
      rmSync(program.folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  return server
}

/**
 * PostgreSQL starts once every process of the one before is gone. One that was born while that one was killed ends by itself, a moment later.
 */
async function launchAgain(program: ServerProgram): Promise<ChildProcess> {
  const deadline = Date.now() + GONE_WITHIN_MS
  for (;;) {
    try {
      return await launch(program)
    } catch (error) {
      if (Date.now() > deadline || !String(error).includes('shared memory block')) throw error
      await sleep(100)
    }
  }
}

async function launch(program: ServerProgram): Promise<ChildProcess> {
  const logFile = join(program.folder, 'server.log')
  const log = openSync(logFile, 'a')
  const child = spawn(program.command, program.args, {
    cwd: program.folder,
    stdio: ['ignore', log, log],
    // A group of its own, so that Ctrl-C ends the tests first and the servers in an orderly way after them.
    detached: true,
    ...(program.env ? { env: program.env } : {}),
    ...program.user,
  })
  closeSync(log)
  let failure: Error | undefined
  child.on('error', (error) => {
    failure = error
  })
  if (child.pid === undefined) {
    await sleep(0)
    throw failure ?? new Error(`${program.command} cannot be started`)
  }
  child.unref()
  watch(child.pid, program.folder)
  await untilItAnswers(program, child, logFile)
  return child
}

async function untilItAnswers(program: ServerProgram, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS
  for (;;) {
    try {
      return await program.ask()
    } catch (error) {
      const hasEnded = child.exitCode !== null || child.signalCode !== null
      if (hasEnded || Date.now() > deadline) {
        await killFamily(child.pid!)
        forget(child.pid!)
        const end = hasEnded ? `ended with ${child.exitCode ?? child.signalCode}` : `did not answer within ${READY_WITHIN_MS} ms`
        throw new Error(`${program.command} ${end}\n${readFileSync(logFile, 'utf8').slice(-2_000)}`, { cause: error })
      }
      await sleep(20)
    }
  }
}
