import { useEffect, useRef, useState } from 'preact/hooks'
import { takes } from '../api/abilities.js'
import type { Kind } from '../api/kinds.js'
import { getPage } from '../api/pages.js'
import type { ChangeEvent, Page, Version } from '../api/wire.js'
import { onChanges } from '../live/changes.js'
import { sayProblem } from '../state/toasts.js'
import { LoadOrder } from './load-order.js'

const PAGE_SIZE = 100
const MOST_READ = 1_000
/** More names than these at once, and the list is loaded again instead of row by row. */
const MOST_PATCHED = 5

/** One name: its newest active version, and the one that readers get. */
export interface Row {
  readonly newest: Version
  readonly served: number | undefined
}

export interface Rows {
  readonly items: readonly Row[] | undefined
  readonly error: unknown
  readonly more: (() => void) | undefined
  readonly reload: () => void
}

interface State {
  readonly key: string
  readonly items?: readonly Row[]
  readonly cursor?: string | undefined
  readonly error?: unknown
}

/** What was shown last, so that Back shows it at once, as long as it was. */
const kept = new Map<string, State>()

/** Which names: those with an active version, or those whose versions are all inactive. */
export type Wanted = 'active' | 'inactive'

/** The rows of a list. A change of one name patches its row; what was loaded and where one is stays. */
export function useRows(kind: Kind, project: string, search: string, wanted: Wanted): Rows {
  const key = JSON.stringify([kind.kind, project, search, wanted])
  const [state, show] = useState<State>(kept.get(key) ?? { key })
  const current = useRef(state)
  const order = useRef(new LoadOrder()).current
  const become = (next: State): void => {
    current.current = next
    kept.set(next.key, next)
    show(next)
  }
  const pageAt = (cursor: string | undefined, signal?: AbortSignal) =>
    (wanted === 'inactive' ? loadInactive : loadRows)(kind, project, search, cursor, signal)
  const reload = async (signal?: AbortSignal): Promise<void> => {
    const turn = order.begin()
    try {
      let rows: readonly Row[] = []
      let next: string | undefined
      do {
        const page = await pageAt(next, signal)
        rows = [...rows, ...page.rows]
        next = page.cursor
        // As many as are shown by now: "Load more" may have been faster.
      } while (next !== undefined && rows.length < (kept.get(key)?.items?.length ?? 0))
      if (signal?.aborted || !order.land('', turn)) return
      become({ key, items: keepingNewer(rows, turn), cursor: next })
      patchHeardSince(turn, signal)
    } catch (error) {
      if (!signal?.aborted && !(current.current.key === key && current.current.items)) become({ key, error })
    }
  }
  const more = async (): Promise<void> => {
    const { cursor } = current.current
    const turn = order.begin()
    const page = await pageAt(cursor)
    const { items = [], cursor: reached } = current.current
    if (current.current.key !== key || reached !== cursor) return
    become({ key, items: [...items, ...keepingNewer(page.rows, turn)], cursor: page.cursor })
    patchHeardSince(turn)
  }
  /** A page that was asked for before a change may have what was before it: rows that were loaded since stay. */
  const keepingNewer = (rows: readonly Row[], turn: number): readonly Row[] => {
    const heard = new Set(order.heardSince(turn))
    const shown = new Map((current.current.items ?? []).map((row) => [row.newest.name, row]))
    return rows.map((row) => (heard.has(row.newest.name) && shown.get(row.newest.name)) || row)
  }
  /** And of those whose load has not ended, or that were not shown, the newest is asked for. */
  const patchHeardSince = (turn: number, signal = new AbortController().signal): void => {
    for (const name of order.heardSince(turn)) void patch(name, signal)
  }

  useEffect(() => {
    const gone = new AbortController()
    if (current.current.key !== key) become(kept.get(key) ?? { key })
    void reload(gone.signal)
    const stop = onChanges((batch) => {
      const names = batch && namesOf(batch, kind, project)
      if (names === undefined || (wanted === 'inactive' && names.length > 0) || names.includes('') || names.length > MOST_PATCHED)
        void reload(gone.signal)
      else for (const name of names) void patch(name, gone.signal)
    })
    return () => {
      stop()
      gone.abort()
    }
  }, [key])

  const patch = async (name: string, signal: AbortSignal): Promise<void> => {
    if (search !== '' && !name.toLowerCase().includes(search.toLowerCase())) return
    const turn = order.begin(name)
    try {
      const row = await loadRow(kind, project, name, signal)
      const { items = [], cursor } = current.current
      if (signal.aborted || current.current.key !== key || !order.land(name, turn)) return
      const isShown = items.some(({ newest }) => newest.name === name)
      if (row && !isShown && cursor !== undefined && items.length > 0 && name > items.at(-1)!.newest.name) return
      const others = items.filter(({ newest }) => newest.name !== name)
      const place = items.findIndex(({ newest }) => newest.name === name)
      const next = !row
        ? others
        : isShown
          ? items.toSpliced(place, 1, row)
          : [...others, row].sort((one, other) => (one.newest.name < other.newest.name ? -1 : 1))
      become({ key, items: next, cursor })
    } catch {
      // What is shown stays; the next change or the next visit loads it again.
    }
  }

  const { items, cursor, error } = state.key === key ? state : { ...kept.get(key) }
  return {
    items,
    error,
    more: items && cursor !== undefined ? () => void more().catch(sayProblem) : undefined,
    reload: () => {
      become({ key })
      void reload()
    },
  }
}

function namesOf(batch: readonly ChangeEvent[], kind: Kind, project: string): readonly string[] {
  return [...new Set(batch.filter((event) => event.kind === kind.kind && event.project === project).map(({ name }) => name))]
}

/** One page of names. Context rules have no labels: their newest active version is in force. */
async function loadRows(kind: Kind, project: string, search: string, cursor: string | undefined, signal: AbortSignal | undefined) {
  const path = `/${kind.plural}`
  const options = signal ? { signal } : {}
  const query = { project, search, limit: PAGE_SIZE }
  if (!kind.hasLabels) {
    const page = await getPage<Version>(path, { ...query, cursor }, options)
    return { rows: newestOf(page.items).map((newest) => ({ newest, served: newest.version })), cursor: page.cursor ?? undefined }
  }
  if (kind.label === 'latest') {
    const page = await getPage<Version>(path, { ...query, cursor, label: 'latest' }, options)
    return { rows: page.items.map((newest) => ({ newest, served: newest.version })), cursor: page.cursor ?? undefined }
  }
  // Two pages from the same place: names without that label are missing from the second one.
  const [newest, served] = await Promise.all(
    ['latest', kind.label].map((label) => getPage<Version>(path, { ...query, cursor, label }, options)),
  )
  const versions = new Map(served!.items.map(({ name, version }) => [name, version]))
  return { rows: newest!.items.map((item) => ({ newest: item, served: versions.get(item.name) })), cursor: newest!.cursor ?? undefined }
}

/** Lists tell versions, not names: read on until a page of names is found whose versions are all inactive. */
async function loadInactive(kind: Kind, project: string, search: string, cursor: string | undefined, signal: AbortSignal | undefined) {
  const newest = new Map<string, Version>()
  const active = new Set<string>()
  let next = cursor
  do {
    const query = { project, search, active_only: false, limit: MOST_READ, cursor: next }
    const page: Page<Version> = await getPage(`/${kind.plural}`, query, signal ? { signal } : {})
    for (const item of page.items) {
      if (item.is_active) active.add(item.name)
      if (!newest.has(item.name)) newest.set(item.name, item)
    }
    next = page.cursor ?? undefined
  } while (next !== undefined && newest.size - active.size < PAGE_SIZE)
  const rows = [...newest.values()].filter(({ name }) => !active.has(name))
  return { rows: rows.map((item) => ({ newest: item, served: undefined })), cursor: next }
}

async function loadRow(kind: Kind, project: string, name: string, signal: AbortSignal): Promise<Row | undefined> {
  const path = `/${kind.plural}`
  const wanted = takes('GET', path, 'name') ? { name } : { search: name }
  const find = async (label: string | undefined): Promise<Version | undefined> => {
    const { items } = await getPage<Version>(path, { ...wanted, project, label, limit: PAGE_SIZE }, { signal, asks: false })
    return items.find((item) => item.name === name)
  }
  if (!kind.hasLabels || kind.label === 'latest') {
    const newest = await find(kind.hasLabels ? 'latest' : undefined)
    return newest && { newest, served: newest.version }
  }
  const [newest, served] = await Promise.all([find('latest'), find(kind.label)])
  return newest && { newest, served: served?.version }
}

function newestOf(items: readonly Version[]): readonly Version[] {
  const seen = new Set<string>()
  return items.filter(({ name }) => !seen.has(name) && seen.add(name))
}
