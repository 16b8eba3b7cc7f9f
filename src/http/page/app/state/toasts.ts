import { signal } from '@preact/signals'
import { ApiError } from '../api/call.js'

/** A message at the foot of the page, with the way back where there is one. */
export interface Toast {
  readonly id: number
  readonly text: string
  readonly isProblem: boolean
  readonly undo?: (() => Promise<unknown>) | undefined
}

export const toasts = signal<readonly Toast[]>([])
let lastId = 0

/** Says what was done. It stays until it is closed, undone, or its time is over; the time stands still under the pointer. */
export function say(text: string, undo?: () => Promise<unknown>): void {
  add({ text, undo, isProblem: false })
}

export function sayProblem(error: unknown): void {
  add({ text: problemText(error), isProblem: true })
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id)
}

/** What went wrong, in words. */
export function problemText(error: unknown): string {
  if (!(error instanceof Error)) return 'Something went wrong.'
  if (!(error instanceof ApiError)) return error.message
  const all = error.problem.errors ?? error.problem.problems
  if (!Array.isArray(all) || all.length < 2) return error.message
  return all.map((one) => [one?.pointer, one?.detail ?? one?.message].filter(Boolean).join(': ')).join('\n')
}

function add(toast: Omit<Toast, 'id'>): void {
  // The newest replaces the one before: what it offered to undo is no longer the last thing that happened.
  toasts.value = [{ ...toast, id: ++lastId }]
}
