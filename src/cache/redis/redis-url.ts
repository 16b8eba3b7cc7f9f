import { InvalidArgumentError } from '../../shared/errors.js'

/**
 * Reads `redis://user:password@host:port/number`, or `rediss:` for TLS.
 *
 * ioredis uses parts that it does not understand unchecked: the path `/my-app` becomes `SELECT NaN`, which ends the process. So every part is
 * checked here, before anything connects.
 *
 * @param field what the message calls the URL
 * @throws {InvalidArgumentError} that says which part is wrong, and never repeats it: any part may be a piece of a password
 */
export function readRedisUrl(field: string, text: string): URL {
  const url = /^rediss?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined
  const problem = url ? problemOf(url) : 'it is no such URL'
  if (problem === undefined) return url as URL
  throw new InvalidArgumentError(
    field,
    `must be a URL like redis://host:6379/0 (rediss: for TLS; special characters of a password as %25, %40 …): ${problem}`,
  )
}

function problemOf(url: URL): string | undefined {
  if (url.port === '0') return 'the port must be from 1 to 65535'
  if (!/^\/?$/.test(url.pathname) && !isDatabaseNumber(url.pathname.slice(1))) {
    return 'the path must be the number of a database, such as /0. To keep services apart, use the option `namespace`'
  }
  if (url.hash !== '') return 'a # must be written as %23'
  if (!isDecodable(url.username + url.password)) return 'user and password must be encoded, a % as %25'
  const query = [...url.searchParams]
  if (query.some(([name]) => /[@:/]/.test(name))) return 'a ? of a user or password must be written as %3F'
  if (query.some(([name, value]) => name === 'db' && !isDatabaseNumber(value))) return 'db must be the number of a database, such as 0'
  if (query.some(([name, value]) => name === 'family' && !/^[046]$/.test(value))) return 'family must be 4, 6 or 0'
  if (query.some(([name]) => name === 'keyPrefix')) return 'keyPrefix must not be used; the option `namespace` is the prefix here'
  return undefined
}

/** Highest number of a database: Redis counts them in 32 bits. */
function isDatabaseNumber(text: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(text) && Number(text) <= 2_147_483_647
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
