import { InvalidArgumentError } from '../shared/errors.js'
import type { CallTimeouts } from './llm-client.js'

/** How a client reaches its server and how long it waits; what clients of every kind take. */
export interface HttpClientOptions {
  /** Sent with every request: `{ authorization: 'Bearer …' }`. */
  readonly headers?: { readonly [name: string]: string }
  /** Does the requests; redirects are left to the client. @default the global `fetch` */
  readonly fetch?: typeof globalThis.fetch
  /** A number bounds each whole call and turns the other timers off. @default { firstChunkMs: 120_000, chunkMs: 60_000, totalMs: 600_000 } */
  readonly timeout?: number | CallTimeouts
  /** How often a failed request is sent again. @default 2 */
  readonly maxRetries?: number
  /**
   * Longest answer, thoughts and arguments of tools included, in bytes as UTF-8 for plain text; a longer one is ended with reason
   * `invalid_response`. @default 8_388_608 (8 MiB)
   */
  readonly maxAnswerBytes?: number
}

/** The default for the longest answer: about two million words. */
export const MAX_ANSWER_BYTES = 8 * 1_024 * 1_024

/** Lists of models and vectors may be longer than any answer. */
export const MOST_JSON_BYTES = 64 * 1_024 * 1_024
/** A line holds more than its text, however short the answer must be. */
export const FEWEST_BYTES = 65_536

/**
 * Longest line of a stream: `JSON.parse` takes memory and time for each level of nesting, so a line of brackets must not
 * be as long as an answer.
 */
export const MOST_LINE_BYTES = 2 * 1_024 * 1_024

/** The name of a client, as it stands before the colon in `ollama:qwen3:14b`. @throws {InvalidArgumentError} */
export function clientName(field: string, name: string): string {
  if (typeof name !== 'string' || name === '' || name.includes(':')) throw new InvalidArgumentError(field, 'must be a name without a colon')
  return name
}

/** How long an answer may be. @throws {InvalidArgumentError} */
export function answerLimit(maxAnswerBytes = MAX_ANSWER_BYTES): number {
  if (!(maxAnswerBytes > 0)) throw new InvalidArgumentError('maxAnswerBytes', 'must be above 0')
  return maxAnswerBytes
}

/**
 * A server's address in two parts: what stands before the path of each request, and the query after it.
 *
 * @throws {InvalidArgumentError} without showing the address, which may hold a password
 */
export function addressOf(baseUrl: string): { readonly base: string; readonly query: string } {
  const url = urlOf(baseUrl)
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new InvalidArgumentError('baseUrl', 'must be an http address without a password')
  }
  return { base: (url.origin + url.pathname).replace(/\/+$/, ''), query: url.search }
}

/** The address of a text, or `undefined`. */
export function urlOf(text: string, base?: string): URL | undefined {
  return URL.canParse(text, base) ? new URL(text, base) : undefined
}

/** A header value that fetch would refuse, showing it in its error. */
const NO_HEADER_VALUE = /[^\t\x20-\xff]|\x7f/

/** @throws {InvalidArgumentError} for a header that cannot be sent; its value is not shown */
export function checkHeaders(headers: { readonly [name: string]: string } = {}): void {
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || NO_HEADER_VALUE.test(value)) {
      throw new InvalidArgumentError(`headers[${JSON.stringify(name)}]`, 'must be text of one line')
    }
  }
}
