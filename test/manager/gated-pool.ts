import pg from 'pg'
import type { PoolLike } from '../../src/store/postgres/pool.js'

/** A host's pool whose answers a test can hold back, after PostgreSQL gave them. */
export interface GatedPool extends PoolLike {
  /** Answers to statements that match wait until `release()`. Resolves when the first one waits. */
  hold(pattern: RegExp): Promise<void>
  release(): void
  /** What was asked, in order; whitespace folded. */
  readonly asked: string[]
}

/** What a read of documents looks like, whichever kind. */
export const DOCUMENT_READ = /documents_in_|as_of.*jsonb_to_recordset/
/** What a read of the log looks like. */
export const LOG_READ = / as top_token,/

export function gatedPool(url: string): GatedPool {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  pool.on('error', () => {})
  const asked: string[] = []
  let gate:
    | { readonly pattern: RegExp; readonly opened: Promise<void>; readonly open: () => void; readonly reached: () => void }
    | undefined
  return {
    asked,
    hold(pattern) {
      let open = (): void => {}
      const opened = new Promise<void>((resolve) => {
        open = resolve
      })
      return new Promise((reached) => {
        gate = { pattern, opened, open, reached }
      })
    },
    release() {
      gate?.open()
      gate = undefined
    },
    async connect() {
      const client = await pool.connect()
      return {
        query: async (...args: [string | { text: string }, ...unknown[]]) => {
          const text = (typeof args[0] === 'string' ? args[0] : args[0].text).replace(/\s+/g, ' ')
          asked.push(text)
          const current = gate?.pattern.test(text) ? gate : undefined
          const answer = await (client.query as (...all: unknown[]) => Promise<unknown>)(...args)
          if (current) {
            current.reached()
            await current.opened
          }
          return answer
        },
        release: (destroy?: boolean | Error) => client.release(destroy),
      }
    },
    end: () => pool.end(),
  }
}
