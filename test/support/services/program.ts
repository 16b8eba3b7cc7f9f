import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** A server program and the environment it needs. */
export interface Program {
  readonly command: string
  readonly env: NodeJS.ProcessEnv
}

/** The first of these programs that is on PATH, or in one of the further folders, and starts. */
export async function programOnPath(names: readonly string[], further: readonly string[] = []): Promise<Program | undefined> {
  for (const name of names) {
    for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...further]) {
      const program = { command: join(folder, name), env: process.env }
      if (folder !== '' && existsSync(program.command) && (await works(program))) return program
    }
  }
  return undefined
}

/** Whether a program starts here: it may be for another machine, or miss a library. */
export function works({ command, env }: Program): Promise<boolean> {
  return promisify(execFile)(command, ['--version'], { env }).then(
    () => true,
    () => false,
  )
}
