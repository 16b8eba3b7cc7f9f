import type { Exchange } from './exchange.js'
import { Problem } from './problem.js'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses writes that a page of another site makes a browser send, with the cookies of the host's session. Other clients send neither
 * `Sec-Fetch-Site` nor `Origin`.
 *
 * @param trusted origins that may write all the same
 * @throws {Problem} 403
 */
export function refuseCrossSite({ method, header }: Pick<Exchange, 'method' | 'header'>, trusted: ReadonlySet<string>): void {
  if (SAFE_METHODS.has(method)) return
  const origin = header('origin')
  if (origin !== undefined && trusted.has(origin)) return
  const site = header('sec-fetch-site')
  // Browsers send `Sec-Fetch-Site` only to encrypted and local hosts. For others `Origin` is compared with `Host`, which no proxy may have changed.
  const isOwn = site === undefined ? origin === undefined || isOriginOf(origin, header('host')) : site === 'same-origin' || site === 'none'
  if (!isOwn) {
    throw new Problem(
      403,
      'E_CROSS_SITE',
      'Writes from pages of other sites are refused. Name the origin in trustedOrigins if it may write.',
    )
  }
}

/** Without a `Host` no origin is the request's own, and `null` is nobody's. */
function isOriginOf(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}
