import { useEffect, useRef, useState } from 'preact/hooks'
import type { ChangeEvent } from '../api/wire.js'
import { onChanges } from './changes.js'

/** Reloads are this far apart, however fast changes come. */
const APART_MS = 250
const MOST_KEPT = 60

/** Something loaded, kept up to date. */
export interface Loaded<Value> {
  /** The last that was loaded; stays while it is loaded again. */
  readonly value: Value | undefined
  /** Why the first load failed. A reload that fails leaves what is shown. */
  readonly error: unknown
  readonly reload: () => void
}

/** What was shown last under each key, so that Back shows it at once. */
const kept = new Map<string, unknown>()

/**
 * Loads something, and again in the background whenever a change concerns it. Rendering patches what differs: focus,
 * selection and scroll position stay.
 *
 * @param key what identifies it; another key is another thing
 * @param concerns whether a change may have changed it
 */
export function useLoaded<Value>(
  key: string,
  load: (signal: AbortSignal) => Promise<Value>,
  concerns: (event: ChangeEvent) => boolean,
): Loaded<Value> {
  const [state, show] = useState<{ key: string; value?: Value | undefined; error?: unknown }>({ key, value: kept.get(key) as Value })
  const latest = useRef({ load, concerns })
  latest.current = { load, concerns }
  const reload = useRef<() => void>(() => {})

  useEffect(() => {
    const gone = new AbortController()
    let isLoading = false
    let isDue = false
    const run = async (): Promise<void> => {
      if (isLoading) {
        isDue = true
        return
      }
      isLoading = true
      isDue = false
      try {
        const value = await latest.current.load(gone.signal)
        if (gone.signal.aborted) return
        keep(key, value)
        show({ key, value })
      } catch (error) {
        if (gone.signal.aborted) return
        show((shown) => (shown.key === key && shown.value !== undefined ? shown : { key, error }))
      }
      setTimeout(() => {
        isLoading = false
        if (isDue && !gone.signal.aborted) void run()
      }, APART_MS)
    }
    reload.current = () => void run()
    if (state.key !== key) show({ key, value: kept.get(key) as Value })
    void run()
    const stop = onChanges((batch) => {
      if (batch === undefined || batch.some((event) => latest.current.concerns(event))) void run()
    })
    return () => {
      stop()
      gone.abort()
    }
  }, [key])

  const isCurrent = state.key === key
  return {
    value: isCurrent ? state.value : (kept.get(key) as Value | undefined),
    error: isCurrent ? state.error : undefined,
    reload: () => {
      show({ key, value: kept.get(key) as Value })
      reload.current()
    },
  }
}

function keep(key: string, value: unknown): void {
  kept.delete(key)
  kept.set(key, value)
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value!)
}
