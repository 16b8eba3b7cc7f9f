/** What a driver answers; a list of them for a text of several statements. */
interface Answer {
  readonly rows?: readonly unknown[]
}

type Query = (...args: readonly unknown[]) => unknown

const BEGIN = /^(begin|start transaction)\b/i
const END = /^(commit|rollback)$/i

/**
 * Saves round trips of a connection: the start of a transaction goes out with the first statement of it, if that has no parameters, and a
 * text of several statements is answered by the rows of all of them, one after the other. (PostgreSQL takes several statements in one
 * message only without parameters.)
 */
export function batched(send: Query): Query {
  let begin: readonly unknown[] | undefined
  return (...args) => {
    const [text, values] = args
    if (typeof text !== 'string') return send(...args)
    const isSimple = !Array.isArray(values) || values.length === 0
    if (isSimple && BEGIN.test(text)) {
      begin = args
      return Promise.resolve({ rows: [] })
    }
    const held = begin
    begin = undefined
    if (held === undefined) return isSimple ? allRows(send(...args)) : send(...args)
    // The BEGIN was not sent yet, so there is no transaction to end.
    if (isSimple && END.test(text)) return Promise.resolve({ rows: [] })
    if (isSimple) return allRows(send(`${held[0]}; ${text}`))
    return Promise.resolve(send(...held)).then(() => send(...args))
  }
}

function allRows(answer: unknown): unknown {
  if (!(answer instanceof Promise)) return answer
  return answer.then((results: Answer | readonly Answer[]) =>
    Array.isArray(results) ? { ...results.at(-1), rows: results.flatMap(({ rows = [] }) => rows) } : results,
  )
}
