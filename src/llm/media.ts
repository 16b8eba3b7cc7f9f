import type { FilePart, ImagePart, Message, MessagePart } from '../entities/message.js'
import { isTextPart } from '../shared/message-parts.js'
import { base64Of } from './base64.js'

/** The source of a picture or a file: its bytes as base64, or their address. */
export interface Media {
  readonly base64?: string
  /** An address that is not `data:` in base64. */
  readonly url?: string
  readonly mediaType: string | undefined
}

/** The first bytes of a picture tell its type, for providers that want it by name. */
const MAGIC = { iVBORw: 'image/png', '/9j/': 'image/jpeg', R0lGOD: 'image/gif', UklGR: 'image/webp', JVBERi: 'application/pdf' }

/** Reads a part of type `image` or `file`. Base64 and `data:` addresses are told apart; nothing is fetched. */
export function mediaOf({ url, data = url, mediaType }: Pick<ImagePart | FilePart, 'url' | 'data' | 'mediaType'>): Media {
  const text = typeof data === 'string' ? data : base64Of(data ?? new Uint8Array())
  const found = /^data:([^,;]*)[^,]*;base64,/.exec(text)
  if (found === null && data === url) return { url: text, mediaType }
  const base64 = text.slice(found?.[0].length)
  const magic = Object.entries(MAGIC).find(([begin]) => base64.startsWith(begin))?.[1]
  return { base64, mediaType: mediaType ?? (found?.[1] || magic) }
}

/** The same as an address: `data:` when it is given by its bytes. */
export function addressOfMedia({ url, base64, mediaType = 'application/octet-stream' }: Media): string {
  return url ?? `data:${mediaType};base64,${base64}`
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
