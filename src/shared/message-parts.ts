import type { FilePart, ImagePart, Message, MessagePart, OpaquePart, ReasoningPart, TextPart } from '../entities/message.js'

/** Whether a part is text. */
export function isTextPart(part: MessagePart): part is TextPart {
  return part.type === 'text' && typeof part.text === 'string'
}

/** Whether a part is a picture, by address or by its bytes. */
export function isImagePart(part: MessagePart): part is ImagePart {
  return part.type === 'image' && hasSource(part)
}

/** Whether a part is a file, by address or by its bytes. */
export function isFilePart(part: MessagePart): part is FilePart {
  return part.type === 'file' && hasSource(part)
}

/** Whether a part is a thought. */
export function isReasoningPart(part: MessagePart): part is ReasoningPart {
  return part.type === 'reasoning' && typeof part.text === 'string'
}

/** The text of a message: a string as it is, of parts those of type `text`, one after the other; '' without a message. */
export function messageText(message: Pick<Message, 'content'> | undefined): string {
  const content = message?.content
  if (typeof content === 'string') return content
  return (content ?? []).map((part) => (isTextPart(part) ? part.text : '')).join('')
}

function hasSource(part: MessagePart): boolean {
  const { url, data } = part as OpaquePart
  return typeof url === 'string' || typeof data === 'string' || data instanceof Uint8Array
}
