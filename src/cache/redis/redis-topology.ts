import { InvalidArgumentError } from '../../shared/errors.js'
import { readRedisUrl } from './redis-url.js'

/** Where one node listens: `redis://host:port`, `rediss://host:port` for TLS, or its parts. */
export type RedisNode = string | { readonly host: string; readonly port: number }

interface RedisAccess {
  readonly username?: string
  readonly password?: string
  /** Whether nodes speak TLS, or what `tls.connect()` needs to know for it. @default true where a node's URL begins with rediss: */
  readonly tls?: boolean | object
}

/** A Redis Cluster. Everything of a namespace lives in one slot, so one primary serves it. */
export interface RedisClusterTopology extends RedisAccess {
  /** Some of its nodes; the others are found by asking them. */
  readonly cluster: readonly RedisNode[]
}

/** A primary and its replicas, watched by sentinels that say which is which. */
export interface RedisSentinelTopology extends RedisAccess {
  /** Some of the sentinels; the others are found by asking them. Their usual port is 26379. */
  readonly sentinels: readonly RedisNode[]
  /** The sentinels' name for the primary; Redis' own default is `mymaster`. */
  readonly name: string
  /** The database's number. @default 0 */
  readonly db?: number
  readonly sentinelUsername?: string
  readonly sentinelPassword?: string
  /** Whether sentinels speak TLS. @default as a sentinel's URL says */
  readonly sentinelTls?: boolean | object
}

export type RedisTopology = RedisClusterTopology | RedisSentinelTopology

export interface NodeAddress {
  readonly host: string
  readonly port: number
}

/** User, password and TLS of a list of nodes, from their URLs and the options. */
export interface NodeList {
  readonly nodes: readonly NodeAddress[]
  readonly username: string | undefined
  readonly password: string | undefined
  /** `undefined`: plain TCP. */
  readonly tls: object | undefined
}

/**
 * Reads a list of nodes. User, password and TLS hold for all of them: they may stand in the URL of any.
 *
 * @throws {InvalidArgumentError} that names the node, never what stands in its URL: that may be a password
 */
export function readNodes(field: string, given: readonly RedisNode[], access: RedisAccess): NodeList {
  if (!Array.isArray(given) || given.length === 0) throw new InvalidArgumentError(field, 'must be a list of at least one node')
  const nodes = given.map((node, place) => readNode(`${field}[${place}]`, node))
  const withPassword = nodes.find((node) => node.password !== undefined)
  const tls = access.tls ?? nodes.some((node) => node.isTls)
  return {
    nodes: nodes.map(({ host, port }) => ({ host, port })),
    username: access.username ?? withPassword?.username,
    password: access.password ?? withPassword?.password,
    tls: tls === true ? {} : tls || undefined,
  }
}

interface ReadNode extends NodeAddress {
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly isTls: boolean
}

const EXPECTED = 'must be a URL like redis://host:6379 (rediss: for TLS), or { host, port }'

function readNode(field: string, node: RedisNode): ReadNode {
  if (typeof node === 'string') return readUrl(field, node)
  const isHost = typeof node?.host === 'string' && node.host !== ''
  const isPort = Number.isInteger(node?.port) && node.port > 0 && node.port < 65_536
  if (!isHost || !isPort) throw new InvalidArgumentError(field, EXPECTED)
  return { host: node.host, port: node.port, isTls: false }
}

function readUrl(field: string, text: string): ReadNode {
  const url = readRedisUrl(field, text)
  if (url.hostname === '' || url.port === '') throw new InvalidArgumentError(field, EXPECTED)
  if (!['', '/', '/0'].includes(url.pathname)) {
    throw new InvalidArgumentError(
      field,
      'must not name a database: a Cluster has one, and behind sentinels the option `redis.db` is its number',
    )
  }
  return {
    // A URL writes an IPv6 address in brackets, a socket wants it without.
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port),
    username: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    isTls: url.protocol === 'rediss:',
  }
}
