import { ForbiddenError, InvalidArgumentError } from '../shared/errors.js'
import { checkLabel } from './arguments.js'

/** A write that would set, move or remove a protected label, or split it. */
export interface AuthorizeRequest {
  /** The verb: `promote`, `rollback`, `remove_label`, `deactivate`, `create`, `version`, `rollout_start`, … */
  readonly action: string
  readonly kind: 'prompt' | 'model' | 'embedding'
  readonly project: string
  readonly name: string
  readonly label: string
  /** The write's `changedBy`. */
  readonly actor: string | undefined
}

export type Authorize = (request: AuthorizeRequest) => boolean | Promise<boolean>

/** Which labels only some may move, and who decides. */
export class LabelPolicy {
  readonly #protected: ReadonlySet<string>
  readonly #authorize: Authorize | undefined

  constructor(protectedLabels: readonly string[] = [], authorize?: Authorize) {
    if (!Array.isArray(protectedLabels)) throw new InvalidArgumentError('protectedLabels', 'must be a list of labels')
    this.#protected = new Set(protectedLabels.map((label, place) => checkLabel(`protectedLabels[${place}]`, label)))
    this.#authorize = authorize
  }

  protects(label: string): boolean {
    return this.#protected.has(label)
  }

  get protectsAny(): boolean {
    return this.#protected.size > 0
  }

  /** @throws {ForbiddenError} when one of the labels is protected and `authorize` does not say yes; without an `authorize` nobody may */
  async permit(request: Omit<AuthorizeRequest, 'label'>, labels: readonly string[]): Promise<void> {
    for (const label of labels) {
      if (!this.protects(label) || (await this.#authorize?.({ ...request, label })) === true) continue
      throw new ForbiddenError(
        `Label "${label}" is protected: ${request.actor === undefined ? 'a write without changedBy' : `"${request.actor}"`} ` +
          `may not ${request.action} ${request.kind} "${request.name}" on it${this.#authorize ? '' : ' (no authorize is configured)'}.`,
      )
    }
  }
}
