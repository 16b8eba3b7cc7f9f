/** The action of a request, as `can` gets it. */
export interface Action {
  /**
   * `read` for everything that changes nothing; `run` for a question to a model; else the verb as the changelog stores it: `create`,
   * `version`, `promote`, `rollback`, `remove_label`, `deactivate`, `activate`, `rollout_start`, `rollout_ramp`, …, `refresh`.
   */
  readonly verb: string
  /** `prompt`, `model`, …; `all` where no kind is named. */
  readonly kind: string
  /** `*` where the request reaches every project. */
  readonly project: string
  /** `*` where the request reaches every name. */
  readonly name: string
  /**
   * Every label that the request sets, moves, removes or splits. `latest` is among them where a kind is read by `latest` and the request may
   * change which version that is.
   */
  readonly labels: readonly string[]
}

/** Who makes a request. */
export interface Actor {
  /** What the changelog stores as `changedBy`. */
  readonly name: string
  /** Asked about every request of this actor; anything but `true` is a refusal. @default `roles.viewer`: the actor only reads */
  readonly can?: (action: Action) => boolean | Promise<boolean>
}

/** The second argument of `authenticate`. */
export interface AuthenticateContext {
  /** Behind `toNodeHandler`: the host's own request object (Express's, say), with what its middleware put there. */
  readonly incoming?: unknown
}

/**
 * Who makes a request; `undefined` when that is unknown, which is a 401. The request's body must not be read.
 *
 * When it throws, the request is answered with 500 and not carried out.
 */
export type Authenticate = (request: Request, context: AuthenticateContext) => Actor | undefined | Promise<Actor | undefined>
