import { type ChildProcess, spawn } from 'node:child_process'
import { builtProgram } from '../built-program.js'

/** One line on the watchdog's pipe. */
export type WatchdogOrder = { readonly watch: number; readonly folder: string } | { readonly forget: number }

/**
 * Has a helper process end this server and remove its folder when the calling process is gone, whatever ended it.
 *
 * The helper starts with the first call, one for each process that starts servers, and never holds up an exit.
 */
export function watch(pid: number, folder: string): void {
  order({ watch: pid, folder })
}

/** Takes a server that has ended off the list; its folder stays on it. */
export function forget(pid: number): void {
  order({ forget: pid })
}

let helper: ChildProcess | undefined

function order(line: WatchdogOrder): void {
  helper ??= startHelper()
  helper.stdin?.write(`${JSON.stringify(line)}\n`)
}

function startHelper(): ChildProcess {
  const program = builtProgram(new URL('./watchdog-process.ts', import.meta.url))
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, [program], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env })
  child.unref()
  // A pipe is a socket at run time; a referenced one would keep the owner alive.
  ;(child.stdin as unknown as { unref(): void }).unref()
  child.stdin?.on('error', () => {})
  return child
}
