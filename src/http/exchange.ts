/** A request as the handler sees it, whether it came as a `Request` or through Node. */
export interface Exchange {
  readonly method: string
  /** Below `basePath`, still encoded: `/api/prompts/a%2Fb`. */
  readonly path: string
  /** Behind the `?`, without it. */
  readonly search: string
  /** The base path as the client sees it, with the part that a router of the host took off: `/config`. */
  readonly root: string
  /** The host's request object, behind `toNodeHandler`. */
  readonly incoming?: unknown
  /** Whether the client is on this machine, by its socket and the `Host` it asked for. Only Node's side can know. */
  locality(): Locality
  /** Aborts when the client goes away. Made at its first use, because it costs as much as a cached read. */
  signal(): AbortSignal
  /** A header by its name in lower case. */
  header(name: string): string | undefined
  /**
   * The body as JSON; `undefined` when there is none.
   *
   * @throws {Problem} when it is too large, or no JSON
   */
  json(limitBytes: number): Promise<unknown>
  /** For `authenticate`. */
  request(): Request
}

/** `foreign-host`: the client is on this machine, but its `Host` is another site's name, as in a DNS rebinding attack. */
export type Locality = 'here' | 'foreign-host' | 'elsewhere'
