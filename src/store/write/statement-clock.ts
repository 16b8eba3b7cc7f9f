import type { KyselyPlugin, PluginTransformQueryArgs, PluginTransformResultArgs, QueryResult, RootOperationNode, UnknownRow } from 'kysely'

/** Records when the last statement of a transaction was sent, and gives up waiting for code that sends no more. */
export class StatementClock implements KyselyPlugin {
  #lastAt = performance.now()

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    this.#lastAt = performance.now()
    return node
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result
  }

  /**
   * Waits for `work`, however long it takes, unless no statement begins for `ms` milliseconds; then rejects with what `onSilence` makes. The
   * work itself goes on: a late rejection of it is swallowed.
   */
  guard<Value>(work: Promise<Value>, ms: number, onSilence: () => Error): Promise<Value> {
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout
      const look = () => {
        const left = this.#lastAt + ms - performance.now()
        if (left > 0) timer = setTimeout(look, Math.ceil(left))
        else reject(onSilence())
      }
      look()
      work.then(resolve, reject).finally(() => clearTimeout(timer))
    })
  }
}
