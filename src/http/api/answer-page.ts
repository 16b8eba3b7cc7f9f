import type { HttpManager } from '../manager.js'

interface ReadPage<Item> {
  readonly items: readonly Item[]
  readonly cursor?: string | undefined
  readonly total?: number | undefined
}

/** A page as it is sent, with a revision up to which it has every change: later ones are told by the stream of events. */
export async function answerPage<Item>(
  manager: HttpManager,
  show: (item: Item) => object,
  read: () => Promise<ReadPage<Item>>,
): Promise<object> {
  // What this worker knows before it reads is committed: the page may have more changes than these, but not fewer.
  const { revision } = manager.stats()
  const { items, cursor, total } = await read()
  return {
    items: items.map(show),
    ...(cursor !== undefined && { cursor }),
    ...(total !== undefined && { total }),
    ...(revision !== undefined && { revision }),
  }
}
