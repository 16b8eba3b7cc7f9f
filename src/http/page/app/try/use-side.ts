import { useEffect, useRef, useState } from 'preact/hooks'
import type { Target } from '../api/writes.js'
import { type Answer, preview, type Rendered, run, type Side } from './side.js'

const PAUSE_MS = 200

/** What a side renders to, as far as it is known. */
export interface Loading {
  readonly value?: Rendered
  readonly error?: unknown
}

/** What a side renders to, again a moment after something was typed; the last one stays until then. */
export function useRendered(target: Target, side: Side | undefined, values: object): Loading {
  const [state, show] = useState<Loading>({})
  const key = JSON.stringify([side?.choice, side?.draft, values])
  useEffect(() => {
    if (!side) return
    const gone = new AbortController()
    const timer = setTimeout(() => {
      preview(target, side, values, gone.signal).then(
        (value) => gone.signal.aborted || show({ value }),
        (error) => gone.signal.aborted || show({ error }),
      )
    }, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  }, [key])
  return state
}

/** A model's answer, as far as it is. */
export interface Running {
  readonly state: 'idle' | 'running' | 'done'
  readonly value?: Answer
  readonly error?: unknown
}

/**
 * Asks the model at each run. Other values leave its answer; another version takes it away, also one that is still under way.
 *
 * @param runs grows by one for each run
 */
export function useAnswer(target: Target, side: Side | undefined, values: object, model: string, runs: number): Running {
  const [state, show] = useState<Running>({ state: 'idle' })
  const asked = useRef<AbortController | undefined>(undefined)
  useEffect(() => {
    if (runs === 0 || !side) return
    const gone = new AbortController()
    asked.current = gone
    show({ state: 'running' })
    run(target, side, values, model, gone.signal).then(
      (value) => gone.signal.aborted || show({ state: 'done', value }),
      (error) => gone.signal.aborted || show({ state: 'done', error }),
    )
    return () => gone.abort()
  }, [runs])
  useEffect(() => {
    // Before the first run, and after every other one: its answer would stand below a version that did not give it.
    return () => {
      asked.current?.abort()
      show({ state: 'idle' })
    }
  }, [side?.choice])
  return state
}
