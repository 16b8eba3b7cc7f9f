import { useEffect, useRef, useState } from 'preact/hooks'
import { kinds } from '../api/kinds.js'
import { getPage } from '../api/pages.js'
import type { Change } from '../api/wire.js'
import { onChanges } from '../live/changes.js'
import { ChangeList } from '../parts/change-list.js'
import { Failure } from '../parts/failure.js'
import { Empty, Loading } from '../parts/small.js'
import { go, hrefOf } from '../state/address.js'
import { sayProblem } from '../state/toasts.js'
import { capital, counted } from '../text/words.js'

const PAGE_SIZE = 50

interface Log {
  readonly key: string
  readonly items?: readonly Change[]
  readonly cursor?: string | undefined
  readonly error?: unknown
}

/** What was loaded last: Back finds it as it was left. */
let kept: Log = { key: '' }

/** Who changed what. New changes are counted at the top and shown when asked for, so that what one reads stays where it is. */
export function ChangelogView({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const { kind = '', name = '', by = '' } = query
  const key = JSON.stringify([kind, name, by])
  const [log, show] = useState<Log>(kept.key === key ? kept : { key })
  const [fresh, find] = useState<readonly Change[]>([])
  const current = useRef(log)
  const become = (next: Log): void => {
    kept = current.current = next
    show(next)
  }
  const ask = (cursor?: string, signal?: AbortSignal) =>
    getPage<Change>('/changelog', { kind, name, changed_by: by, limit: PAGE_SIZE, cursor }, signal ? { signal } : {})
  const load = async (signal?: AbortSignal): Promise<void> => {
    const isLeft = () => signal?.aborted || current.current.key !== key
    try {
      const page = await ask(undefined, signal)
      if (isLeft()) return
      find([])
      become({ key, items: page.items, cursor: page.cursor ?? undefined })
    } catch (error) {
      if (!isLeft()) become({ key, error })
    }
  }
  const more = async (): Promise<void> => {
    const { cursor } = current.current
    const page = await ask(cursor)
    const { items = [], cursor: reached } = current.current
    if (current.current.key === key && reached === cursor)
      become({ key, items: [...items, ...page.items], cursor: page.cursor ?? undefined })
  }
  const look = async (signal: AbortSignal): Promise<void> => {
    const page = await ask(undefined, signal).catch(() => undefined)
    if (!page || signal.aborted) return
    // As it is shown by now: new changes may have been taken into the list while this was asked.
    const top = current.current.items?.[0]
    if (!top) return become({ key, items: page.items, cursor: page.cursor ?? undefined })
    const newer = page.items.filter(({ id }) => id > top.id)
    // A page full of news leaves a gap between them and what is shown.
    find((found) => ((found[0]?.id ?? 0) > (newer[0]?.id ?? 0) && found[0]!.id > top.id ? found : newer))
  }
  useEffect(() => {
    const gone = new AbortController()
    if (current.current.key !== key) become({ key })
    if (current.current.items) void look(gone.signal)
    else void load(gone.signal)
    const stop = onChanges(() => void look(gone.signal))
    return () => {
      stop()
      gone.abort()
    }
  }, [key])

  const { items, cursor, error } = log.key === key ? log : { ...({} as Log) }
  const filter = (next: Record<string, string>): void => go(hrefOf(['changelog'], { kind, name, by, ...next }), { replace: true })
  const showFresh = (): void => {
    if (fresh.length >= PAGE_SIZE) return void load()
    become({ key, items: [...fresh, ...(items ?? [])], cursor })
    find([])
  }
  return (
    <section class="page narrow">
      <header class="line">
        <h1>Changelog</h1>
      </header>
      <form class="toolbar" onSubmit={(event) => event.preventDefault()}>
        <label class="field">
          <span>Kind</span>
          <select value={kind} onChange={(event) => filter({ kind: event.currentTarget.value })}>
            <option value="">All</option>
            {kinds.value.map((one) => (
              <option key={one.kind} value={one.kind}>
                {capital(one.noun)}
              </option>
            ))}
          </select>
        </label>
        <label class="field grow">
          <span>Name</span>
          <input type="search" value={name} onChange={(event) => filter({ name: event.currentTarget.value.trim() })} />
        </label>
        <label class="field">
          <span>Who</span>
          <input type="search" value={by} onChange={(event) => filter({ by: event.currentTarget.value.trim() })} />
        </label>
      </form>
      <div role="status">
        {fresh.length > 0 && (
          <button type="button" class="fresh" onClick={showFresh}>
            {fresh.length >= PAGE_SIZE ? `${PAGE_SIZE} or more new changes` : counted(fresh.length, 'new change')}
          </button>
        )}
      </div>
      {error !== undefined ? (
        <Failure error={error} retry={() => void load()} what="The changelog" />
      ) : !items ? (
        <Loading />
      ) : items.length === 0 ? (
        <Empty title={kind || name || by ? 'No match' : 'No changes yet'}>
          <p>Every write is listed here, with who made it and why.</p>
          {kind || name || by ? (
            <a class="button primary" href={hrefOf(['changelog'])}>
              Clear the filters
            </a>
          ) : (
            <a class="button primary" href={hrefOf(['new', 'prompts'])}>
              New prompt
            </a>
          )}
        </Empty>
      ) : (
        <ChangeList changes={items} more={cursor === undefined ? undefined : () => void more().catch(sayProblem)} />
      )}
    </section>
  )
}
