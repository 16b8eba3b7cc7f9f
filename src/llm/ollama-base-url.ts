import { InvalidArgumentError } from '../shared/errors.js'

/** Where Ollama listens when nobody says otherwise. */
const DEFAULT_PORT = '11434'

/**
 * The address of a server as Ollama's own `OLLAMA_HOST` allows it: the scheme may be missing (then the port is 11434),
 * and 0.0.0.0, where a server listens, means 127.0.0.1, where a client finds it.
 *
 * @throws {InvalidArgumentError} when it is no address, or holds a password
 */
export function ollamaBaseUrl(host: string): string {
  const hasScheme = /^https?:\/\//i.test(host)
  const text = hasScheme ? host : `http://${host.startsWith(':') ? '127.0.0.1' : ''}${host}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.username || url.password)
    throw new InvalidArgumentError('baseUrl', 'must be an address without a password (use headers for that)')
  // A port that is the scheme's own does not show in the parsed address.
  if (!hasScheme && !/:\d+(\/|$)/.test(host)) url.port = DEFAULT_PORT
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  return (url.origin + url.pathname).replace(/\/+$/, '')
}
