import type { WriteFacts } from '../entities/written.js'
import type { CliIo } from './command.js'
import { CONNECTION_HELP, CONNECTION_OPTIONS } from './connection.js'

/** Options of commands that write to the database. */
export const WRITING_OPTIONS = {
  ...CONNECTION_OPTIONS,
  by: { type: 'string' },
  message: { type: 'string' },
  yes: { type: 'boolean', short: 'y' },
} as const

export const WRITING_HELP = `  --message TEXT    why, for the changelog
  --by NAME         who, for the changelog; default GITHUB_ACTOR, else the name of the user
  --yes             does not ask on a terminal
${CONNECTION_HELP}`

export interface WritingValues {
  readonly by?: string | undefined
  readonly message?: string | undefined
  readonly yes?: boolean | undefined
}

/** The author and the reason of a write. */
export function metaOf(io: CliIo, { by, message }: WritingValues): { readonly changedBy?: string; readonly summary?: string } {
  const changedBy = by ?? [io.env.GITHUB_ACTOR, io.env.USER, io.env.USERNAME].find((name) => name)
  return { ...(changedBy !== undefined && { changedBy }), ...(message !== undefined && { summary: message }) }
}

/**
 * Says what is about to happen, and asks the person at the terminal, if there is one.
 *
 * @returns whether it is to be done
 */
export async function isAgreed(io: CliIo, { yes }: WritingValues, plan: string): Promise<boolean> {
  if (yes || !io.isTerminal) return true
  io.stderr(`${plan}\n`)
  if (await io.confirm('Go on?')) return true
  io.stderr('Nothing was changed.\n')
  return false
}

/** The result of a write in one line: its revision, and whether it was announced to running workers. */
export function announcementOf({ revision, propagated }: WriteFacts): string {
  return `revision ${revision}${propagated === false ? '; running workers find out at their next poll' : ''}`
}
