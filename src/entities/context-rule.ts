/** What a model should look at, and what it should leave out, in one context. */
export interface ContextRule {
  readonly id: number
  readonly project: string
  /** The rule's name, such as `transaction`. */
  readonly context: string
  readonly version: number
  readonly important: string | null
  readonly ignore: string | null
  readonly description: string | null
  readonly isActive: boolean
  readonly createdBy: string | null
  /** ISO 8601, UTC. */
  readonly createdAt: string
}
