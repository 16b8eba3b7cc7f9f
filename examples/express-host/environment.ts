import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Who may write: what a client sends as its bearer token, and the name its changes are logged under. */
export interface AdminToken {
  readonly name: string
  readonly value: string
}

/** What the environment says about this host. */
export interface Environment {
  readonly isProduction: boolean
  readonly host: string
  readonly port: number
  readonly workers: number
  readonly tokens: readonly AdminToken[]
  readonly database: string
  readonly redis: string | undefined
  readonly ollamaHost: string | undefined
}

/** At least as hard to guess as 128 random bits in hexadecimal digits. */
const TOKEN_LENGTH = 32
const TOKEN_CHARACTERS = 8

/**
 * Reads the variables that docs/express-host.md lists.
 *
 * @param variables `process.env`
 * @param options with `demo`, a token is made up when none is set, for this start only
 * @throws {Error} when the host would be open to others without a token, or has a weak one in production
 */
export function readEnvironment(variables: NodeJS.ProcessEnv, options: { readonly demo?: boolean } = {}): Environment {
  const isProduction = variables.NODE_ENV === 'production'
  const isDemo = options.demo === true && !isProduction
  const given = variables.CONFIG_ADMIN_TOKEN || (isDemo ? `demo:${randomBytes(16).toString('hex')}` : '')
  const tokens = given
    .split(',')
    .map(readToken)
    .filter((token) => token.value !== '')
  const host = variables.HOST || '127.0.0.1'
  const database = variables.DATABASE_URL || 'pglite:memory'
  const workers = readInteger('WORKERS', variables.WORKERS, 1, 64)

  if (isProduction && tokens.length === 0) throw new Error('CONFIG_ADMIN_TOKEN has to be set in production.')
  if (tokens.length === 0 && !isLoopback(host))
    throw new Error(`Without CONFIG_ADMIN_TOKEN the host listens on loopback only, not on HOST=${host}.`)
  const weak = isProduction ? tokens.find((token) => isWeak(token)) : undefined
  if (weak) throw new Error(`The token of "${weak.name}" is weak: use ${TOKEN_LENGTH} random characters or more (openssl rand -hex 32).`)
  if (workers > 1 && database.startsWith('pglite:'))
    throw new Error('Several WORKERS need a DATABASE_URL: one process at a time can open the embedded database.')

  return {
    isProduction,
    host,
    port: readInteger('PORT', variables.PORT, 8000, 65_535),
    workers,
    tokens,
    database,
    redis: variables.REDIS_URL || undefined,
    ollamaHost: variables.OLLAMA_HOST || undefined,
  }
}

/** The token a request carries, if it is one of ours. Every comparison takes the same time, whatever is sent. */
export function findToken(tokens: readonly AdminToken[], authorization: string | undefined): AdminToken | undefined {
  if (authorization === undefined) return undefined
  const sent = digest(/^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? '')
  let found: AdminToken | undefined
  for (const token of tokens) if (timingSafeEqual(digest(token.value), sent)) found = token
  return found
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

/** `ada:6f1c…` is Ada's token; one without a name is `admin`'s. What is sent is the whole of it, name included. */
function readToken(text: string): AdminToken {
  const value = text.trim()
  return { name: /^([\w.@-]{1,100}):/.exec(value)?.[1] ?? 'admin', value }
}

function isWeak({ name, value }: AdminToken): boolean {
  const secret = value.startsWith(`${name}:`) ? value.slice(name.length + 1) : value
  return secret.length < TOKEN_LENGTH || new Set(secret).size < TOKEN_CHARACTERS
}

function readInteger(variable: string, text: string | undefined, fallback: number, most: number): number {
  if (!text) return fallback
  if (!/^\d{1,5}$/.test(text) || Number(text) > most) throw new Error(`${variable} must be an integer up to ${most}, not "${text}".`)
  return Number(text)
}

/** Hashed, so that all have one length. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
