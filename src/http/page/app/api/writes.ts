import { announce, workers } from '../live/changes.js'
import { can, takes } from './abilities.js'
import { call, type Query } from './call.js'
import type { Kind } from './kinds.js'
import type { Arm, Receipt, Rollout, Version } from './wire.js'

/** How long a write waits to hear which workers serve it. */
const WAIT_MS = 2_000

/** The name a write is about. */
export interface Target {
  readonly kind: Kind
  readonly name: string
  readonly project: string
}

export interface Note {
  readonly summary?: string | undefined
  /** Does it although the API warned of what it takes down. */
  readonly force?: boolean | undefined
}

export const pathOf = ({ kind, name }: Target): string => `/${kind.plural}/${encodeURIComponent(name)}`

export function promote(target: Target, version: number, label: string, expected: number | undefined, note: Note = {}): Promise<Version> {
  return write(target, 'POST', `${pathOf(target)}/promote`, { version, label, expected_version: expected, ...said(note) })
}

export function rollBack(target: Target, label: string, note: Note = {}): Promise<Version> {
  return write(target, 'POST', `${pathOf(target)}/rollback`, { label, ...said({ summary: note.summary }) })
}

export const canRemoveLabels = (target: Target): boolean => can('POST', `${pathOf(target)}/remove-label`)

export function removeLabel(target: Target, label: string, note: Note = {}): Promise<{ readonly receipt?: Receipt }> {
  return write(target, 'POST', `${pathOf(target)}/remove-label`, { label, ...said(note) })
}

/** Without a version: every version of the name. */
export function deactivate(target: Target, version: number | undefined, { force }: Note = {}): Promise<{ readonly receipt?: Receipt }> {
  return write(target, 'DELETE', pathOf(target), undefined, { project: target.project, version, force: force || undefined })
}

export const canActivate = (target: Target): boolean => can('POST', `${pathOf(target)}/activate`)

/** Without a version: the name as a whole. */
export function activate(target: Target, version: number | undefined, note: Note = {}): Promise<Version> {
  return write(target, 'POST', `${pathOf(target)}/activate`, { version, ...said({ summary: note.summary }) })
}

export function createVersion(target: Target, fields: Readonly<Record<string, unknown>>): Promise<Version> {
  return write(target, 'POST', `${pathOf(target)}/versions`, { ...fields, project: target.project }, {})
}

export function createName(target: Target, fields: Readonly<Record<string, unknown>>): Promise<Version> {
  return write(target, 'POST', `/${target.kind.plural}`, { ...fields, name: target.name, project: target.project }, {})
}

export interface NewRollout {
  readonly label: string
  readonly arms: readonly Arm[]
  readonly coverage: number
  readonly guard?: { readonly metrics: readonly string[] }
}

export function startRollout(target: Target, rollout: NewRollout, note: Note = {}): Promise<Rollout> {
  const { kind, name, project } = target
  return write(target, 'POST', '/rollouts', { kind: kind.kind, name, project, ...rollout, ...said(note) }, {})
}

export type RolloutStep =
  | { readonly verb: 'ramp'; readonly coverage?: number; readonly weights?: readonly number[] }
  | { readonly verb: 'pause' }
  | { readonly verb: 'resume'; readonly acknowledge?: true }
  | { readonly verb: 'conclude'; readonly winner?: number | undefined }

export function stepRollout(target: Target, id: string, { verb, ...step }: RolloutStep, note: Note = {}): Promise<Rollout> {
  return write(target, 'POST', `/rollouts/${encodeURIComponent(id)}/${verb}`, { ...step, ...said(note) }, {})
}

/** " Served by 4 of 4 workers after 6 ms." where the API tells it. */
export function receiptText({ receipt }: { readonly receipt?: Receipt }): string {
  if (!receipt) return ''
  const { workers, applied, ms } = receipt
  return ` Served by ${applied} of ${workers} ${workers === 1 ? 'worker' : 'workers'} after ${Math.round(ms)} ms.`
}

/** `query` is what the call takes beside the project, which calls that name it in their body do not take again. */
async function write<Answer>(target: Target, method: string, path: string, body: unknown, query?: Query): Promise<Answer> {
  const waits = takes(method, path, 'wait_for_workers')
  const answer = await call<Answer>(method, path, {
    ...(body !== undefined && { body }),
    query: { ...(query ?? { project: target.project }), ...(waits && { wait_for_workers: WAIT_MS }) },
  })
  workers.value = (answer as { readonly receipt?: Receipt }).receipt?.workers ?? workers.value
  // Shown at once; the event of the stream, which may come a little later, says the same.
  announce({ kind: target.kind.kind, project: target.project, name: target.name, revision: 0 })
  return answer
}

function said({ summary, force }: Note): Note {
  return { ...(summary?.trim() && { summary: summary.trim() }), ...(force && { force }) }
}
