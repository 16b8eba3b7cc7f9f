/** One run, as `run()` gets it. Pass it to every method of the agent: by it the run keeps to one version. */
export interface RunContext {
  /** Names the run in its event and in logs. */
  readonly runId: string
  /** The user, session or ticket that the run is for; rollouts decide by it. */
  readonly subject: string | undefined
  readonly attributes: Readonly<Record<string, unknown>> | undefined
  /** The caller's signal, or one that never aborts. */
  readonly signal: AbortSignal
}

/** A run's context; the signal of a run that was given none is made at its first use, because it costs more than the rest. */
export class LazyContext implements RunContext {
  readonly runId: string
  readonly subject: string | undefined
  readonly attributes: Readonly<Record<string, unknown>> | undefined
  /** The caller's signal. */
  readonly given: AbortSignal | undefined
  #made: AbortSignal | undefined

  constructor({ runId = globalThis.crypto.randomUUID(), subject, attributes, signal }: ExecuteOptions) {
    this.runId = runId
    this.subject = subject
    this.attributes = attributes
    this.given = signal
  }

  get signal(): AbortSignal {
    if (this.given !== undefined) return this.given
    this.#made ??= new AbortController().signal
    return this.#made
  }
}

/** The signal that a run was given; a context that a test made by hand has one of its own. */
export function givenSignal(context: RunContext): AbortSignal | undefined {
  return context instanceof LazyContext ? context.given : context.signal
}

/** Options of one run. */
export interface ExecuteOptions {
  readonly subject?: string
  /** What is known of the subject, for the conditions of rollouts. */
  readonly attributes?: Readonly<Record<string, unknown>>
  /** Ends the run; `fallback()` is not called then. */
  readonly signal?: AbortSignal
  /** Bounds all calls to models of this run together, in milliseconds; models still to be tried share what is left. @default none */
  readonly timeoutMs?: number
  /** @default a random UUID */
  readonly runId?: string
}
