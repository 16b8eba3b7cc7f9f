import { InvalidArgumentError } from '../shared/errors.js'

/** The ports that Ollama uses by default, by scheme. */
const DEFAULT_PORTS: { readonly [scheme: string]: string } = { '': '11434', http: '80', https: '443' }

/**
 * The address of a server, from an `OLLAMA_HOST` as Ollama itself reads it.
 *
 * Blanks and quotes around it are cut off. Without a scheme the port is 11434, with one the scheme's own; a port that is
 * none is replaced by that. IPv6 addresses may stand without brackets. Where a server listens on every address (0.0.0.0,
 * `[::]`, no host at all), a client finds it on this machine's own. `''` is http://127.0.0.1:11434.
 *
 * @throws {InvalidArgumentError} when it is no address, or holds a password; it is not shown
 * @see https://github.com/ollama/ollama/blob/main/envconfig/config.go
 */
export function ollamaBaseUrl(host: string): string {
  const text = trimmed(host)
  const [, given = '', rest = ''] = /^(?:([a-z][a-z\d+.-]*):\/\/)?(.*)$/is.exec(text === 'ollama.com' ? 'https://ollama.com' : text) ?? []
  const scheme = given.toLowerCase()
  const slash = rest.indexOf('/')
  const [hostAndPort, path] = slash < 0 ? [rest, ''] : [rest.slice(0, slash), rest.slice(slash)]
  const { name, port } = split(hostAndPort)
  const isPort = /^[+-]?\d+$/.test(port) && Number(port) >= 0 && Number(port) <= 65_535
  const address = `${scheme || 'http'}://${reachable(name)}:${isPort ? Number(port) : DEFAULT_PORTS[scheme]}${path}`
  const url = scheme in DEFAULT_PORTS && URL.canParse(address) ? new URL(address) : undefined
  if (!url || hostAndPort.includes('@')) {
    throw new InvalidArgumentError('baseUrl', 'must be an http or https address without a password (use headers for that)')
  }
  return (url.origin + url.pathname).replace(/\/+$/, '')
}

/** Ollama cuts off blanks, then quotes of either kind, then blanks again. */
function trimmed(host: string): string {
  return host
    .trim()
    .replace(/^["']+|["']+$/g, '')
    .trim()
}

/** A port follows the last colon, unless the colons are those of an IPv6 address without brackets. */
function split(hostAndPort: string): { readonly name: string; readonly port: string } {
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/.exec(hostAndPort) ?? [
    undefined,
    `[${hostAndPort.replace(/^\[+|\]+$/g, '')}]`,
  ]
  return { name, port }
}

function reachable(name: string): string {
  if (name === '' || name === '0.0.0.0') return '127.0.0.1'
  return name === '[::]' ? '[::1]' : name
}
