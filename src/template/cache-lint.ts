import type { CacheMark } from '../entities/message.js'
import type { ChatEntry } from './chat-entry.js'

/** What is wrong with the cache marks of a chat template. */
export function cacheWarnings(entries: readonly ChatEntry[]): string[] {
  const places = entries.flatMap(placesOf)
  return [...variablesBeforeTheEnd(places), ...shortMarksFirst(places)]
}

/**
 * Variables in a cached prefix: a provider finds a prefix again only when every character of it is the same, so a variable in it writes a new
 * cache entry for each value, which is never read again.
 */
function variablesBeforeTheEnd(places: readonly Place[]): string[] {
  const end = places.findLastIndex(({ mark }) => mark !== undefined)
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

/** Anthropic takes marks of an hour before shorter ones only. */
function shortMarksFirst(places: readonly Place[]): string[] {
  const lastLong = places.findLastIndex(({ mark }) => mark === '1h')
  return places
    .slice(0, Math.max(lastLong, 0))
    .filter(({ mark }) => mark !== undefined && mark !== '1h')
    .map(
      ({ where }) =>
        `${where} is marked for five minutes, before a mark for an hour (${lowerFirst(places[lastLong]!.where)}): Anthropic takes longer marks first, so ` +
        'it is sent as one for an hour.',
    )
}

interface Place {
  readonly where: string
  readonly names: readonly string[]
  /** Where a cached prefix ends. */
  readonly mark: CacheMark | undefined
}

/** The parts of an entry, in order; a mark of a message stands at its last one. */
function placesOf(entry: ChatEntry, index: number): readonly Place[] {
  const where = `Message ${index + 1}`
  if (entry.message === undefined) return [{ where, names: [entry.placeholder], mark: undefined }]
  const { parts, cache } = entry.message
  return parts.map((part, place) => ({
    where: parts.length === 1 ? where : `${where}, part ${place + 1}`,
    names: [...part.variables, ...part.optionalVariables],
    mark: (place === parts.length - 1 ? cache : undefined) ?? ('cache' in part ? part.cache : undefined),
  }))
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
