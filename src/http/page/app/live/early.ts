import { announceUnknown } from './changes.js'

// Answers that were asked for before this page heard of changes. One that lacks a change which no event tells is asked for again, with
// everything else that is shown.

/** Every change after this revision is told here; `undefined` before that. */
let heardFrom: number | undefined
/** Up to where the earliest of these answers has every change. */
let oldest = Number.POSITIVE_INFINITY

/** Called before a question is asked; what it gives is told up to which revision the answer has every change. An older API does not say it. */
export function watchEarly(): (asOf: number | undefined) => void {
  if (heardFrom !== undefined) return () => {}
  return (asOf = -1) => {
    oldest = Math.min(oldest, asOf)
    if (heardFrom !== undefined && asOf < heardFrom) announceUnknown()
  }
}

/** Changes are told from now on. */
export function hearFrom(revision: number): void {
  if (heardFrom !== undefined) return
  heardFrom = revision
  if (oldest < revision) announceUnknown()
}
