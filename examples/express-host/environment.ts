import { randomBytes } from 'node:crypto'

/** What the environment says about this host. */
export interface Environment {
  readonly host: string
  readonly port: number
  readonly workers: number
  /** Tokens by the name of their bearer. */
  readonly tokens: Readonly<Record<string, string>>
  readonly database: string
  readonly redis: string | undefined
  readonly ollamaHost: string | undefined
}

/**
 * Reads the variables that docs/express-host.md lists.
 *
 * @param variables `process.env`
 * @param options with `demo`, a token is made up when none is set, for this start only
 * @throws {Error} when the host would be open to others without a token
 */
export function readEnvironment(variables: NodeJS.ProcessEnv, options: { readonly demo?: boolean } = {}): Environment {
  const isProduction = /^prod(uction)?$/i.test(variables.NODE_ENV ?? '')
  const made = options.demo && !isProduction ? `demo:${randomBytes(16).toString('hex')}` : ''
  const texts = (variables.CONFIG_ADMIN_TOKEN || made).split(',').map((text) => text.trim())
  // `ada:6f1c…` is Ada's token, sent as it stands; one without a name is `admin`'s.
  const tokens = Object.fromEntries(texts.filter(Boolean).map((text) => [/^([\w.@-]{1,100}):/.exec(text)?.[1] ?? 'admin', text]))
  const host = variables.HOST || '127.0.0.1'
  const database = variables.DATABASE_URL || 'pglite:memory'
  const workers = readInteger('WORKERS', variables.WORKERS, 1, 64)

  if (texts.filter(Boolean).length !== Object.keys(tokens).length) throw new Error('CONFIG_ADMIN_TOKEN has two tokens of one name.')
  if (Object.keys(tokens).length === 0 && (isProduction || !isLoopback(host))) {
    throw new Error('CONFIG_ADMIN_TOKEN has to be set in production, and where the host listens on more than loopback.')
  }
  if (workers > 1 && database.startsWith('pglite:')) {
    throw new Error('Several WORKERS need a DATABASE_URL: one process at a time can open the embedded database.')
  }
  const port = readInteger('PORT', variables.PORT, 8000, 65_535)
  return { host, port, workers, tokens, database, redis: variables.REDIS_URL || undefined, ollamaHost: variables.OLLAMA_HOST || undefined }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function readInteger(variable: string, text: string | undefined, fallback: number, most: number): number {
  if (!text) return fallback
  if (!/^\d{1,5}$/.test(text) || Number(text) > most) throw new Error(`${variable} must be an integer up to ${most}, not "${text}".`)
  return Number(text)
}
