/** One variable, from the environment or from a .env file. */
export interface Variable {
  readonly name: string
  readonly text: string
  /** How the place is printed and what relative paths start at. */
  readonly shown: string
  readonly folder: string
  readonly line?: number
  /** Whether its text was made of a secret. */
  readonly isSecret?: boolean
}

/** A variable, the path it sets, and whether its text is the name of a file with the value. */
export interface Target {
  readonly variable: Variable
  readonly path: readonly string[]
  readonly isOwn: boolean
  readonly isFile: boolean
  /** The level at which the key of a record differs from another variable's in case only. */
  readonly exactFrom?: number
}
