import type { FilePart, ImagePart, Message, MessagePart } from '../entities/message.js'
import { isTextPart } from '../shared/message-parts.js'
import { base64Of } from './base64.js'

/** What stands behind a picture or a file: its bytes as base64, or where they are. */
export interface Media {
  readonly base64?: string
  /** An address that is not `data:`. */
  readonly url?: string
  readonly mediaType: string | undefined
}

const DATA_URL = /^data:([^,;]*)[^,]*?(;base64)?,/i

/** Pictures begin with bytes of their own, so providers that want the type by name can have it. */
const MAGIC = { iVBORw: 'image/png', '/9j/': 'image/jpeg', R0lGOD: 'image/gif', UklGR: 'image/webp', JVBERi: 'application/pdf' }

/** Reads a part of type `image` or `file`. Base64 and `data:` addresses are told apart; nothing is fetched. */
export function mediaOf({ url, data = url, mediaType }: Pick<ImagePart | FilePart, 'url' | 'data' | 'mediaType'>): Media {
  if (typeof data !== 'string') {
    const base64 = base64Of(data ?? new Uint8Array())
    return { base64, mediaType: mediaType ?? mediaTypeOf(base64) }
  }
  const found = DATA_URL.exec(data)
  if (found === null) return data === url ? { url: data, mediaType } : { base64: data, mediaType: mediaType ?? mediaTypeOf(data) }
  const rest = data.slice(found[0].length)
  const base64 = found[2] ? rest : base64Of(new TextEncoder().encode(unescaped(rest)))
  return { base64, mediaType: mediaType ?? (found[1] || undefined) }
}

/** The same as an address: `data:` when it is given by its bytes. */
export function addressOfMedia({ url, base64, mediaType = 'application/octet-stream' }: Media): string {
  return url ?? `data:${mediaType};base64,${base64}`
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function mediaTypeOf(base64: string): string | undefined {
  return Object.entries(MAGIC).find(([magic]) => base64.startsWith(magic))?.[1]
}

/** The content of a message as parts: `thinking` before it, `images` after it. Empty texts are left out. */
export function partsOf({ content, images = [], thinking }: Pick<Message, 'content' | 'images' | 'thinking'>): MessagePart[] {
  const parts: readonly MessagePart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
  return [
    ...(thinking ? [{ type: 'reasoning', text: thinking }] : []),
    ...parts.filter((part) => !isTextPart(part) || part.text !== ''),
    ...images.map((data) => ({ type: 'image', data })),
  ]
}
