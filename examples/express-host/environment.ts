import { randomBytes } from 'node:crypto'

export type Environment = ReturnType<typeof readEnvironment>

/**
 * What the environment says about this host: the variables that docs/express-host.md lists.
 *
 * @param isDemo makes up a token when none is set, for this start only
 * @throws {Error} when the host would be open to others without a token
 */
export function readEnvironment(variables: NodeJS.ProcessEnv, isDemo = false) {
  const isProduction = /^prod(uction)?$/i.test(variables.NODE_ENV ?? '')
  const made = isDemo && !isProduction ? `demo:${randomBytes(16).toString('hex')}` : ''
  const texts = (variables.CONFIG_ADMIN_TOKEN || made).split(',').flatMap((text) => text.trim() || [])
  // `ada:6f1c…` is Ada's token, sent as it stands; one without a name is `admin`'s.
  const tokens = Object.fromEntries(texts.map((text) => [/^([\w.@-]{1,100}):/.exec(text)?.[1] ?? 'admin', text]))
  const host = variables.HOST || '127.0.0.1'
  const isLocal = /^(localhost|::1|127\.\d+\.\d+\.\d+)$/.test(host)
  const database = variables.DATABASE_URL || 'pglite:memory'
  const workers = readInteger('WORKERS', variables.WORKERS, 1, 64)
  const port = readInteger('PORT', variables.PORT, 8000, 65_535)
  const ollama = variables.OLLAMA_HOST ? { baseUrl: variables.OLLAMA_HOST, model: variables.OLLAMA_MODEL || 'qwen3:0.6b' } : undefined

  if (texts.length !== Object.keys(tokens).length) throw new Error('CONFIG_ADMIN_TOKEN has two tokens of one name.')
  if (texts.length === 0 && (isProduction || !isLocal)) {
    throw new Error('CONFIG_ADMIN_TOKEN has to be set in production, and where the host listens on more than loopback.')
  }
  if (workers > 1 && database.startsWith('pglite:')) {
    throw new Error('Several WORKERS need a DATABASE_URL: one process at a time can open the embedded database.')
  }
  return { host, isLocal, port, workers, tokens, database, redis: variables.REDIS_URL || undefined, ollama }
}

function readInteger(variable: string, text: string | undefined, fallback: number, most: number): number {
  if (!text) return fallback
  if (!/^\d{1,5}$/.test(text) || Number(text) > most) throw new Error(`${variable} must be an integer up to ${most}, not "${text}".`)
  return Number(text)
}
