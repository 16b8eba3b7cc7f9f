import type { ConfigKind } from '../../entities/config-kind.js'
import { checkLabel } from '../../shared/arguments.js'
import { withDeadline } from '../../shared/deadline.js'
import { ForbiddenError, InvalidArgumentError } from '../../shared/errors.js'

/** A write that is about to be made, as `authorize` gets it. */
export interface AuthorizeRequest {
  /** The verb, as the changelog stores it: `create`, `version`, `promote`, `rollback`, `deactivate`, `rollout_start`, `refresh`, `purge`, … */
  readonly action: string
  /** `all` for a refresh of everything. */
  readonly kind: ConfigKind | 'all'
  /** `*` for a refresh. */
  readonly project: string
  /** The name; the context of a context rule; `*` for a refresh. */
  readonly name: string
  /** Every label that the write sets, moves, removes or splits. Among them `latest`, where that is protected and the write may change it. */
  readonly labels: readonly string[]
  /**
   * The first protected one of `labels`, else the first.
   * @deprecated since 0.2.0, to be removed in 1.0.0: read `labels`
   */
  readonly label: string | undefined
  /** Whether one of the labels is protected. */
  readonly protected: boolean
  /** The write's `changedBy`. */
  readonly actor: string | undefined
}

export type Authorize = (request: AuthorizeRequest) => boolean | Promise<boolean>

/** Longest time that `authorize` may take to answer, in milliseconds. */
export const AUTHORIZE_MS = 5_000

/** Decides who may write: asks the host's `authorize` about every write, and refuses protected labels where there is none. */
export class WritePolicy {
  readonly #protected: ReadonlySet<string>
  readonly #authorize: Authorize | undefined
  readonly #authorizeMs: number

  constructor(protectedLabels: readonly string[] = [], authorize?: Authorize, authorizeMs: number = AUTHORIZE_MS) {
    if (!Array.isArray(protectedLabels)) throw new InvalidArgumentError('protectedLabels', 'must be a list of labels')
    this.#protected = new Set(
      protectedLabels.map((label, place) => (label === 'latest' ? label : checkLabel(`protectedLabels[${place}]`, label))),
    )
    this.#authorize = authorize
    this.#authorizeMs = authorizeMs
  }

  protects(label: string): boolean {
    return this.#protected.has(label)
  }

  /** Whether the labels that a write touches have to be known before it begins, because `authorize` or a protected label depends on them. */
  get asksForLabels(): boolean {
    return this.#protected.size > 0 || this.#authorize !== undefined
  }

  /** The same labels, and `latest` where that is protected: for writes that may change which version is the latest. */
  withLatest(labels: readonly string[]): readonly string[] {
    return this.protects('latest') ? [...labels, 'latest'] : labels
  }

  /**
   * @throws {ForbiddenError} when `authorize` does not say yes, rejects, or does not answer within `authorizeMs`; without an `authorize`, when
   *   one of the labels is protected
   */
  async permit(
    request: Pick<AuthorizeRequest, 'action' | 'kind' | 'project' | 'name' | 'actor'>,
    labels: readonly string[],
  ): Promise<void> {
    const touched = labels.find((label) => this.protects(label))
    if (!this.#authorize) {
      if (touched === undefined) return
      throw refusal(request, touched, 'no authorize is configured')
    }
    const asked = { ...request, labels, label: touched ?? labels[0], protected: touched !== undefined }
    if ((await this.#answer(this.#authorize, asked)) !== true) throw refusal(request, touched)
  }

  async #answer(authorize: Authorize, request: AuthorizeRequest): Promise<boolean> {
    try {
      const answer = Promise.resolve(authorize(Object.freeze(request)))
      return await withDeadline(answer, this.#authorizeMs, () => new Error(`no answer within ${this.#authorizeMs} ms`))
    } catch (cause) {
      throw refusal(request, undefined, `authorize failed: ${(cause as Error)?.message ?? cause}`, cause)
    }
  }
}

function refusal(
  { action, kind, name, actor }: Pick<AuthorizeRequest, 'action' | 'kind' | 'name' | 'actor'>,
  label: string | undefined,
  why?: string,
  cause?: unknown,
): ForbiddenError {
  return new ForbiddenError(
    `${label === undefined ? '' : `Label "${label}" is protected: `}${actor === undefined ? 'a write without changedBy' : `"${actor}"`} ` +
      `may not ${action} ${kind} "${name}"${label === undefined ? '' : ' on it'}${why === undefined ? '' : ` (${why})`}.`,
    { cause },
  )
}
