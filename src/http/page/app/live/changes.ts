import { signal } from '@preact/signals'
import type { ChangeEvent } from '../api/wire.js'

/** Several events in a row are handed on together. */
const BATCH_MS = 60

/** What changed; `undefined` when it is not known what: everything shown is loaded again, in the background. */
export type Batch = readonly ChangeEvent[] | undefined

const listeners = new Set<(batch: Batch) => void>()
let waiting: ChangeEvent[] = []
let timer: ReturnType<typeof setTimeout> | undefined

/** The newest revision that this page has heard of. */
export const revision = signal<number | undefined>(undefined)

/** How many workers serve, where the API has said it: with its figures, or with the receipt of a write. */
export const workers = signal<number | undefined>(undefined)

/** Calls the listener for every batch of changes; gives the function that stops it. */
export function onChanges(listener: (batch: Batch) => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export function announce(event: ChangeEvent): void {
  noteRevision(event.revision)
  waiting.push(event)
  if (timer === undefined) timer = setTimeout(flush, BATCH_MS)
}

/** After a pause in which changes may have been missed. */
export function announceUnknown(): void {
  for (const listener of listeners) listener(undefined)
}

export function noteRevision(seen: number | null | undefined): void {
  if (typeof seen === 'number' && seen > (revision.value ?? -1)) revision.value = seen
}

function flush(): void {
  const batch = waiting
  waiting = []
  timer = undefined
  for (const listener of listeners) listener(batch)
}
