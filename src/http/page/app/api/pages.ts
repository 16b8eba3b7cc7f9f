import { watchEarly } from '../live/early.js'
import { type CallOptions, get, type Query } from './call.js'
import type { Page } from './wire.js'

/** A page of a list that a view shows and keeps up to date. */
export async function getPage<Item>(path: string, query: Query, options: Omit<CallOptions, 'query' | 'body'> = {}): Promise<Page<Item>> {
  const note = watchEarly()
  const page = await get<Page<Item>>(path, query, options)
  note(page.revision)
  return page
}
