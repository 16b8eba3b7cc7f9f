import { signal } from '@preact/signals'
import { API, ApiError, get } from '../api/call.js'
import { token } from '../api/session.js'
import type { Change, ChangeEvent, Page } from '../api/wire.js'
import { sayProblem } from '../state/toasts.js'
import { announce, announceUnknown, noteRevision } from './changes.js'
import { hearFrom } from './early.js'
import { readEvents } from './event-stream.js'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000
/** Without Web Locks (plain HTTP from another machine) tabs cannot agree on one stream, so each looks at the log now and then. */
const POLL_MS = 5_000
const MOST_MISSED = 50

export type LiveState = 'connecting' | 'live' | 'offline'

/** How the page hears of changes. */
export const liveState = signal<LiveState>('connecting')
/** Whether this tab holds the one connection of all tabs. */
export const isLeader = signal(false)
/** What was changed while nothing was heard. */
export const missed = signal<readonly Change[]>([])

type News =
  | { readonly type: 'hello' }
  | { readonly type: 'state'; readonly state: LiveState; readonly revision: number | undefined }
  | { readonly type: 'change'; readonly event: ChangeEvent }

const channel = new BroadcastChannel(`agent-config:${API}`)

/** Follows the host's events for as long as the page is open: one tab holds the stream and tells the others. */
export async function follow(): Promise<never> {
  channel.onmessage = ({ data }: MessageEvent<News>) => hear(data)
  // Other tabs tell nothing to a page that the browser keeps for the way back.
  addEventListener('pageshow', ({ persisted }) => persisted && announceUnknown())
  if (!navigator.locks) return poll()
  channel.postMessage({ type: 'hello' } satisfies News)
  for (;;) {
    // Held until the tab is closed or the host refuses this tab: then another one, which may be signed in, takes over.
    await navigator.locks.request(`agent-config:events:${API}`, lead)
    await signedIn()
  }
}

function hear(news: News): void {
  if (news.type === 'hello') {
    if (isLeader.value) tell({ type: 'state', state: liveState.value, revision: heard })
  } else if (isLeader.value) return
  else if (news.type === 'change') changed(news.event)
  else becomes(news.state, news.revision)
}

async function lead(): Promise<void> {
  isLeader.value = true
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      await readEvents(heard, {
        ready: ({ revision: newest }) => {
          waitMs = FIRST_WAIT_MS
          share('live', newest ?? undefined)
        },
        change: (event) => {
          changed(event)
          tell({ type: 'change', event })
        },
      })
      share('offline')
    } catch (error) {
      share('offline')
      if (error instanceof ApiError && error.status === 401) break
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
  isLeader.value = false
}

function share(state: LiveState, newest?: number): void {
  becomes(state, newest)
  tell({ type: 'state', state, revision: newest })
}

/** Changes up to this revision were heard. A revision that the page knows otherwise, from the figures, does not count. */
let heard: number | undefined
/** The same when the connection was lost. */
let heardUntilLost: number | undefined

function changed(event: ChangeEvent): void {
  if (heard !== undefined) heard = Math.max(heard, event.revision)
  announce(event)
}

/** A connection says its revision: when that is not what was heard last, changes were missed, or the database is another one. */
function becomes(state: LiveState, newest: number | undefined): void {
  const wasAway = liveState.value === 'offline'
  if (state === 'offline' && !wasAway) heardUntilLost = heard
  liveState.value = state
  noteRevision(newest)
  if (state !== 'live' || newest === undefined) return
  const known = wasAway ? heardUntilLost : heard
  heard = newest
  if (known === undefined) hearFrom(newest)
  if (known === undefined || newest === known) return
  announceUnknown()
  if (wasAway) void tellMissed(known)
}

async function tellMissed(known: number): Promise<void> {
  try {
    const { items } = await get<Page<Change>>('/changelog', { limit: MOST_MISSED }, { asks: false })
    // Beside what an earlier pause missed, until the user closes the notice.
    missed.value = [...items.filter((change) => change.revision > known), ...missed.value.filter((change) => change.revision <= known)]
  } catch (error) {
    // Views load again by themselves; whoever may not read the log is told nothing of it.
    if (!(error instanceof ApiError && (error.status === 401 || error.status === 403))) sayProblem(error)
  }
}

/** Resolves when another token is given: a refused stream is not asked for again before. */
function signedIn(): Promise<void> {
  const refused = token.value
  return new Promise((resolve) => {
    const stop = token.subscribe((value) => {
      if (value === refused) return
      resolve()
      queueMicrotask(() => stop())
    })
  })
}

async function poll(): Promise<never> {
  for (;;) {
    try {
      const { items } = await get<Page<Change>>('/changelog', { limit: MOST_MISSED }, { asks: false })
      becomes('live', items[0]?.revision ?? 0)
    } catch {
      becomes('offline', undefined)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

function tell(news: News): void {
  channel.postMessage(news)
}
