import { Problem } from './problem.js'

/** How much of a model's time the playground may use. */
export interface PlaygroundLimits {
  /** Questions of one actor in a minute. @default 10 */
  readonly runsPerMinute?: number
  /** Most tokens of one answer. @default 1_024 */
  readonly maxOutputTokens?: number
  /** Tokens, read and written, of one actor in a minute. @default 50_000 */
  readonly tokensPerMinute?: number
  /** Longest wait for an answer, in milliseconds. @default 60_000 */
  readonly timeoutMs?: number
}

export const PLAYGROUND_DEFAULTS = { runsPerMinute: 10, maxOutputTokens: 1_024, tokensPerMinute: 50_000, timeoutMs: 60_000 } as const

const MINUTE_MS = 60_000
/** Actors whose use is remembered: those beyond are forgotten in the order they came. */
const MOST_ACTORS = 10_000

interface Use {
  startedAt: number
  runs: number
  tokens: number
}

/** Counts the runs and tokens of each actor, minute by minute, in this process. */
export class RunLimiter {
  readonly limits: Required<PlaygroundLimits>
  readonly #uses = new Map<string, Use>()
  readonly #now: () => number

  constructor(limits: PlaygroundLimits = {}, now: () => number = Date.now) {
    this.limits = { ...PLAYGROUND_DEFAULTS, ...limits }
    this.#now = now
  }

  /**
   * Counts one more run, with the most tokens that it may write.
   *
   * @returns a function to call with the tokens that were really used
   * @throws {Problem} 429 when the actor has used up this minute
   */
  begin(actor: string, mostTokens: number): (usedTokens: number | undefined) => void {
    const use = this.#useOf(actor)
    const { runsPerMinute, tokensPerMinute } = this.limits
    const isOver = use.runs + 1 > runsPerMinute || (use.tokens > 0 && use.tokens + mostTokens > tokensPerMinute)
    if (isOver) {
      const seconds = Math.max(1, Math.ceil((use.startedAt + MINUTE_MS - this.#now()) / 1_000))
      throw new Problem(
        429,
        'E_RATE_LIMITED',
        `"${actor}" may ask models ${runsPerMinute} times a minute, for ${tokensPerMinute.toLocaleString('en')} tokens. Try again in ${seconds} s.`,
        { headers: { 'retry-after': String(seconds) } },
      )
    }
    use.runs++
    use.tokens += mostTokens
    return (usedTokens = mostTokens) => {
      use.tokens += usedTokens - mostTokens
    }
  }

  #useOf(actor: string): Use {
    const now = this.#now()
    const known = this.#uses.get(actor)
    if (known && now - known.startedAt < MINUTE_MS) return known
    const use = { startedAt: now, runs: 0, tokens: 0 }
    this.#uses.delete(actor)
    this.#uses.set(actor, use)
    const [oldest] = this.#uses.keys()
    if (this.#uses.size > MOST_ACTORS && oldest !== undefined) this.#uses.delete(oldest)
    return use
  }
}
