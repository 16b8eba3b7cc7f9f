import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { builtProgram } from './built-program.js'
import type { Answer, Handlers, Request } from './serve-requests.js'
import { TSX_LOADER } from './tsx-loader.js'

/** A process of one's own that answers requests, each by the handler of that name. */
export interface Worker<H extends Handlers> {
  readonly pid: number
  /** Runs a handler there and gives what it gives; rejects with its error, or when the process ends before it answers. */
  ask<Name extends keyof H & string>(name: Name, ...input: Parameters<H[Name]>): Promise<Awaited<ReturnType<H[Name]>>>
  /** Ends the process at once, as a power cut would. */
  kill(): Promise<void>
  /** Ends the conversation and gives the exit code: a process that leaves no handle open ends by itself. */
  end(): Promise<number | null>
}

/** What to hand to a worker process besides its file. */
export interface WorkerOptions {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Options of Node's own, such as `--expose-gc`. */
  readonly nodeOptions?: readonly string[]
  /** Runs the file where it stands, by tsx, for one that needs its own `import.meta.url`; starts slower. @default false */
  readonly isUnbundled?: boolean
  /** For a file that is started many times: its packages are in its bundle. @default false */
  readonly startsOften?: boolean
}

/**
 * Starts a TypeScript file as a process of its own, for tests of several processes; resolves when it is ready to answer.
 *
 * The file calls `serveRequests(handlers)` of serve-requests.ts and exports the type of its handlers.
 *
 * @param file the address of the file: `new URL('./reader-process.ts', import.meta.url)`
 * @example
 * ```ts
 * const reader = await spawnWorker<ReaderHandlers>(new URL('./reader-process.ts', import.meta.url))
 * const prompt = await reader.ask('read', 'greeting')
 * ```
 */
export async function spawnWorker<H extends Handlers>(file: URL, options: WorkerOptions = {}): Promise<Worker<H>> {
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const [program, loader] = options.isUnbundled
    ? [fileURLToPath(file), ['--import', TSX_LOADER]]
    : [builtProgram(file, { withPackages: options.startsOften }), []]
  const child = fork(program, options.args ?? [], {
    execArgv: [...(options.nodeOptions ?? []), ...loader],
    env: { ...inherited, ...options.env },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`Worker process ended with ${code ?? signal} before it answered.`))
      waiting.clear()
      resolve(code)
    })
  })
  child.on('message', (answer: Answer) => {
    const asker = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) asker?.reject(answer.error)
    else asker?.resolve(answer.value)
  })
  await untilReady(child, ended, file)

  let lastId = 0
  return {
    pid: child.pid!,
    ask(name, ...input) {
      const request: Request = { id: ++lastId, name, input }
      return new Promise((resolve, reject) => {
        waiting.set(request.id, { resolve: resolve as (value: unknown) => void, reject })
        child.send(request, (error) => error && reject(error))
      })
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    end() {
      if (child.connected) child.disconnect()
      return ended
    },
  }
}

async function untilReady(child: ChildProcess, ended: Promise<number | null>, file: URL): Promise<void> {
  await Promise.race([
    once(child, 'message'),
    ended.then((code) => Promise.reject(new Error(`${file.pathname} ended with ${code} before it called serveRequests.`))),
  ])
}
