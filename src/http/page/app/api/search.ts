import { templateText } from '../text/plain.js'
import { takes } from './abilities.js'
import { ApiError, get } from './call.js'
import { type Kind, kinds } from './kinds.js'
import type { Page, Version } from './wire.js'

/** Something found: a name, and the line of its newest version where the text stands. */
export interface Hit {
  readonly kind: Kind
  readonly name: string
  readonly version?: number
  readonly snippet?: string
}

const MOST_NAMES = 8
const TEXT_PAGE = 100
const MOST_TEXT_PAGES = 10
const SNIPPET = 120

/** Names of every kind that contain the text. */
export async function searchNames(text: string, project: string, signal: AbortSignal): Promise<readonly Hit[]> {
  const found = await Promise.all(kinds.value.map((kind) => pageOf(kind, { search: text, limit: MOST_NAMES }, project, signal)))
  return found.flatMap(({ kind, items }) => {
    const names = [...new Set(items.map(({ name }) => name))]
    return names.map((name) => ({ kind, name }))
  })
}

/** Names, and the newest versions whose text contains it. Reads them all, a hundred at a time: asked for, not while typing. */
export async function searchTexts(text: string, project: string, signal: AbortSignal): Promise<readonly Hit[]> {
  const wanted = text.toLowerCase()
  const hits: Hit[] = [...(await searchNames(text, project, signal))]
  for (const kind of kinds.value) {
    let cursor: string | undefined
    for (let page = 0; page < MOST_TEXT_PAGES; page++) {
      const include = takes('GET', `/${kind.plural}`, 'include') ? 'content' : undefined
      const answer = await pageOf(kind, { limit: TEXT_PAGE, cursor, include }, project, signal)
      for (const item of answer.items) {
        const snippet = snippetOf(kind, item, wanted)
        if (snippet !== undefined) hits.push({ kind, name: item.name, version: item.version, snippet })
      }
      cursor = answer.cursor ?? undefined
      if (cursor === undefined) break
    }
  }
  return hits
}

async function pageOf(kind: Kind, query: Record<string, string | number | undefined>, project: string, signal: AbortSignal) {
  try {
    const label = kind.hasLabels ? 'latest' : undefined
    return { kind, ...(await get<Page<Version>>(`/${kind.plural}`, { ...query, project, label }, { signal, asks: false })) }
  } catch (error) {
    // A kind that this person may not read is not searched.
    if (error instanceof ApiError && error.status === 403) return { kind, items: [], cursor: null }
    throw error
  }
}

function snippetOf({ fields }: Kind, item: Version, wanted: string): string | undefined {
  for (const { name, type } of fields) {
    const value = item[name]
    if (value === undefined || value === null) continue
    const text = type === 'template' ? templateText(value) : typeof value === 'string' ? value : JSON.stringify(value)
    const at = text.toLowerCase().indexOf(wanted)
    if (at < 0) continue
    const start = Math.max(0, at - SNIPPET / 3)
    return `${start > 0 ? '…' : ''}${text.slice(start, start + SNIPPET).replaceAll(/\s+/g, ' ')}`
  }
  return undefined
}
