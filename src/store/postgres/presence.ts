import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'

/** Shows that a process lives. The kernel removes this sign when the process ends, however it ends. */
export interface Presence {
  /** What says who it is, as one line: process id, its start, its container, its socket. */
  readonly owner: string
  leave(): void
}

/** Longer paths are no address of a socket. */
const MAX_ADDRESS = 100

/** Written for a part that this system does not tell. The parts of a line are separated by spaces, so it contains none. */
const UNKNOWN = '-'

/**
 * Shows this process to others that use the same folder. Those of its own container find it by its id. The ids of another container say
 * nothing here: such a process is found by a socket in the folder, which answers for as long as it lives, stopped or not.
 */
export async function showPresence(folder: string): Promise<Presence> {
  const { name, close } = await openSocket(folder)
  return { owner: [process.pid, startOf(process.pid) ?? UNKNOWN, container(), name].join(' '), leave: close }
}

/** Whether the process that a line names lives; assumed when that cannot be found out. */
export async function isPresent(folder: string, owner: string): Promise<boolean> {
  const [id, start = UNKNOWN, home = UNKNOWN, socket = UNKNOWN] = owner.split(' ')
  const pid = Number(id)
  if (!Number.isInteger(pid) || pid <= 0) return false
  if (isHere(home)) return isRunning(pid, start)
  return socket === UNKNOWN ? true : answers(join(folder, socket))
}

/** Whether the process that a line names is in the PID namespace of this one, so that its id means the same here. */
export function isOfThisContainer(owner: string): boolean {
  return isHere(owner.split(' ')[2] ?? UNKNOWN)
}

/** Whether it can be found out that the process of a line has ended. */
export function canBeAsked(owner: string): boolean {
  return isOfThisContainer(owner) || (owner.split(' ')[3] ?? UNKNOWN) !== UNKNOWN
}

/** Removes what a process that is gone left behind. */
export function clearPresence(folder: string, owner: string): void {
  const socket = owner.split(' ')[3]
  if (socket && /^agent-config\.[0-9a-f-]+\.sock$/.test(socket)) rmSync(join(folder, socket), { force: true })
}

function isHere(home: string): boolean {
  return home === UNKNOWN || home === '' || home === container()
}

async function openSocket(folder: string): Promise<{ readonly name: string; readonly close: () => void }> {
  const name = `agent-config.${randomUUID()}.sock`
  const path = join(folder, name)
  if (path.length > MAX_ADDRESS || process.platform === 'win32') return { name: UNKNOWN, close: () => {} }
  const server = createServer((connection) => connection.destroy())
  server.unref()
  const isOpen = await new Promise<boolean>((resolve) => {
    // Some file systems have no sockets.
    server.on('error', () => resolve(false))
    server.listen(path, () => resolve(true))
  })
  if (!isOpen) return { name: UNKNOWN, close: () => {} }
  return {
    name,
    close: () => {
      server.close()
      rmSync(path, { force: true })
    },
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(path)
    connection.on('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'))
  })
}

function isRunning(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = startOf(pid)
  return start === UNKNOWN || start === '' || now === undefined || now === start
}

/**
 * When a process started, where the system tells (Linux). Process ids are used again: in a container the
 * process after a crash often has the id of the process that left the lock behind.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22; the second one is a name in brackets that may hold spaces and brackets itself.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

/** Within which process ids mean the same processes, where the system tells (Linux): this start of the machine, and the PID namespace. */
function container(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return UNKNOWN
  }
}
