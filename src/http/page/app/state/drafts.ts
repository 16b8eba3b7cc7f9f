import { signal } from '@preact/signals'
import { tabStorage } from './storage.js'

/** What the user typed and has not saved: the fields of a new version, as they stand in the form. */
export interface Draft {
  readonly fields: Readonly<Record<string, unknown>>
  /** For a new one: its name. */
  readonly name?: string
  readonly summary?: string
  readonly labels?: string
  /** The version it began with; absent for a new name. */
  readonly base?: number | undefined
  /** The newest version when it began: a higher one means that another person wrote meanwhile. */
  readonly newest?: number | undefined
  readonly at: number
}

const MOST_DRAFTS = 30
const changed = signal(0)

export function draftKey(kind: string, project: string, name: string | undefined): string {
  return `draft:${JSON.stringify([kind, project, name ?? null])}`
}

export function readDraft(key: string): Draft | undefined {
  // Whoever shows a draft is drawn again when one is written or thrown away.
  void changed.value
  const text = tabStorage.get(key)
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Draft)
  } catch {
    return undefined
  }
}

export function writeDraft(key: string, draft: Draft): void {
  tabStorage.set(key, JSON.stringify(draft))
  const keys = tabStorage.keys().filter((one) => one.startsWith('draft:'))
  if (keys.length > MOST_DRAFTS) dropOldest(keys)
  changed.value++
}

export function dropDraft(key: string): void {
  tabStorage.remove(key)
  changed.value++
}

function dropOldest(keys: readonly string[]): void {
  const byAge = keys.map((key) => ({ key, at: readDraft(key)?.at ?? 0 })).sort((one, other) => one.at - other.at)
  for (const { key } of byAge.slice(0, keys.length - MOST_DRAFTS)) tabStorage.remove(key)
}
