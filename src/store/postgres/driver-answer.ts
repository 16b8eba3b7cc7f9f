import { InvalidArgumentError } from '../../shared/errors.js'

/**
 * What a driver answers, as Kysely reads it: from rows alone, `{ rows }` with or without a count, or a list of such answers for several
 * statements, as pg gives it.
 *
 * @throws {InvalidArgumentError} when the rows are lists
 */
export function checkAnswer(answer: unknown): unknown {
  if (!Array.isArray(answer)) return checkRows(answer as Answer)
  const areAnswers = answer.length > 0 && answer.every((one) => Array.isArray((one as Answer | null)?.rows))
  return areAnswers ? answer.map(checkRows) : checkRows({ rows: answer })
}

interface Answer {
  readonly rows?: readonly unknown[]
  readonly rowCount?: number | null
}

/** Kysely makes a bigint of `rowCount` where there is a `command`. */
function checkRows(answer: Answer | undefined): Answer {
  const rows = answer?.rows ?? []
  if (Array.isArray(rows[0])) {
    throw new InvalidArgumentError(
      'database',
      'must give rows as objects with a field for each column, not as lists: leave rowMode or arrayMode off',
    )
  }
  return answer && typeof answer.rowCount === 'number' ? answer : { rows }
}
