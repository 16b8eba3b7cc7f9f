/** What is wrong with a file, and where. */
export interface FormatProblem {
  /** Counted in the file, from 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
  readonly message: string
}

/** Stops the reading of one file; its problems are handed on as values. */
export class FormatError extends Error {
  override readonly name = 'FormatError'
  readonly problems: readonly FormatProblem[]

  constructor(problems: readonly FormatProblem[]) {
    super(problems.map(({ line, column, message }) => `${line}:${column}: ${message}`).join('\n'))
    this.problems = problems
  }
}
