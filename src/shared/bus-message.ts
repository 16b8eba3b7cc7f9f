import { parseScope, type Scope } from '../entities/scope.js'

/** A change, as writers announce it after their commit. */
export interface ChangeMessage {
  readonly form: 'change'
  readonly database: string
  readonly revision: number
  readonly token: string
  /**
   * Everything the revision touched; absent when that would not fit, or when it names kinds that are unknown here (a later
   * release may have more). Receivers then read the log instead.
   */
  readonly scopes: readonly Scope[] | undefined
}

/** The legacy message, from programs without revisions: `{"type":"prompt","key":null}`. */
export interface PlainMessage {
  readonly form: 'plain'
  readonly type: string
  readonly key: string | undefined
}

/** A writer asks the other workers who serves its write. Programs that do not know it take it for a legacy message about an unknown kind. */
export interface ReceiptMessage {
  readonly form: 'receipt'
  readonly database: string
  /** The revision of the write. */
  readonly after: number
  /** Where to answer: a uuid. */
  readonly reply: string
}

export type BusMessage = ChangeMessage | PlainMessage | ReceiptMessage

/** Longer ones are not parsed: no writer of ours sends them (NOTIFY ends at 8,000 bytes). */
export const MAX_MESSAGE_LENGTH = 8_000

/** What a message says, `undefined` when it is malformed. Messages come from outside: nothing in them is trusted further than its type. */
export function parseBusMessage(text: string): BusMessage | undefined {
  if (text.length > MAX_MESSAGE_LENGTH) return undefined
  const message = parseObject(text)
  if (!message) return undefined
  if (message.type === 'receipt') return parseReceipt(message)
  const { revision, token, database, scopes, type, key } = message
  if (revision === undefined) {
    if (typeof type !== 'string') return undefined
    return { form: 'plain', type, key: typeof key === 'string' ? key : undefined }
  }
  if (!Number.isSafeInteger(revision) || (revision as number) < 1 || !isToken(token) || typeof database !== 'string') return undefined
  if (scopes !== undefined && scopes !== null && !isStringArray(scopes)) return undefined
  return { form: 'change', database, revision: revision as number, token, scopes: scopes?.every(parseScope) ? scopes : undefined }
}

export function formatReceiptMessage({ database, after, reply }: Omit<ReceiptMessage, 'form'>): string {
  return JSON.stringify({ type: 'receipt', key: null, database, after, reply })
}

function parseReceipt({ database, after, reply }: Record<string, unknown>): ReceiptMessage | undefined {
  if (typeof database !== 'string' || !Number.isSafeInteger(after) || typeof reply !== 'string' || !/^[0-9a-f-]{36}$/.test(reply))
    return undefined
  return { form: 'receipt', database, after: after as number, reply }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Tokens are remembered, so they must be short. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value)
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
