import type { ChatEntry } from './chat-entry.js'

/**
 * Warns of variables in a cached prefix: a provider finds a prefix again only when every character of it is the same, so a variable in it
 * writes a new cache entry for each value, which is never read again.
 */
export function cacheWarnings(entries: readonly ChatEntry[]): string[] {
  const places = entries.flatMap(placesOf)
  const end = places.findLastIndex(({ isMarked }) => isMarked)
  return places
    .slice(0, end + 1)
    .flatMap(({ where, names }) =>
      names.map(
        (name) =>
          `${where} holds "${name}", before the cached prefix ends (${lowerFirst(places[end]!.where)}): every other value of it is a cache miss. ` +
          'Move it behind the mark, or the mark before it.',
      ),
    )
}

interface Place {
  readonly where: string
  readonly names: readonly string[]
  readonly isMarked: boolean
}

/** The parts of an entry, in order; a mark of a message stands at its last one. */
function placesOf(entry: ChatEntry, index: number): readonly Place[] {
  const where = `Message ${index + 1}`
  if (entry.message === undefined) return [{ where, names: [entry.placeholder], isMarked: false }]
  const { parts, cache } = entry.message
  return parts.map((part, place) => ({
    where: parts.length === 1 ? where : `${where}, part ${place + 1}`,
    names: [...part.variables, ...part.optionalVariables],
    isMarked: ('cache' in part && part.cache !== undefined) || (cache !== undefined && place === parts.length - 1),
  }))
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
