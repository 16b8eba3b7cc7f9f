import { useRef, useState } from 'preact/hooks'
import { type Draft, dropDraft, readDraft, writeDraft } from '../state/drafts.js'
import type { Fields } from './fields.js'

/** The form's content, kept in the tab at every key: a reload, a sign-in or Back find it again. */
export interface EditedDraft {
  readonly draft: Draft & { readonly fields: Fields }
  readonly edit: (part: Partial<Draft>) => void
  readonly setField: (name: string, value: Fields[string]) => void
  /** Throws away what was typed. */
  readonly drop: () => void
  /** Throws away what was saved as that version; what was typed while it was saved stays, and goes on from there. */
  readonly saved: (sent: Draft, version: number) => void
}

export function useDraft(key: string, start: () => Omit<Draft, 'at'>): EditedDraft {
  const [draft, show] = useState<Draft>(() => readDraft(key) ?? { ...start(), at: 0 })
  const latest = useRef(draft)
  const edit = (part: Partial<Draft>): void => {
    latest.current = { ...latest.current, ...part, at: Date.now() }
    writeDraft(key, latest.current)
    show(latest.current)
  }
  return {
    draft: draft as EditedDraft['draft'],
    edit,
    setField: (name, value) => edit({ fields: { ...latest.current.fields, [name]: value } }),
    drop: () => dropDraft(key),
    saved: (sent, version) => {
      if (latest.current === sent) dropDraft(key)
      else edit({ base: version, newest: version, summary: '' })
    },
  }
}
