import { jsonOf, lineDecoder, type MakeDecoder, TooLongError } from './lines.js'
import { parsedText } from './wire-values.js'

/** What ends a stream of an OpenAI-compatible server. */
export const DONE = '[DONE]'

/**
 * The data of server-sent events, each a value of JSON or the text `[DONE]`. Comments and other fields are stepped over.
 *
 * Read besides what the standard asks for: an event whose first line of data is a whole value is given out with that line, since
 * some servers leave the blank line out; an event that the end of the stream cuts short; and a line of bare JSON, in which
 * some servers put their errors, or of a page, which is refused.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export const sseDecoder: MakeDecoder = (take, maxBytes) => {
  /** The lines of data of an event that needs more than the first. */
  let data = ''

  const dispatch = (): void => {
    const text = data
    data = ''
    if (text) take(jsonOf(text))
  }
  const lines = lineDecoder((line) => {
    if (line === '') return dispatch()
    const text = line.startsWith('data:') ? line.slice(5).trim() : /^[{<]/.test(line) ? line : ''
    if (text === '') return
    // What is no JSON comes back as it is.
    const value = data ? text : parsedText(text)
    if (value !== text || (text === DONE && !data)) return take(value)
    data += `${data && '\n'}${text}`
    if (data.length > maxBytes) throw new TooLongError(maxBytes)
  }, maxBytes)
  return {
    push: lines.push,
    flush() {
      lines.flush()
      dispatch()
    },
  }
}

/** A body that is one value of JSON, on one line or on many. */
export const jsonDecoder: MakeDecoder = (take, maxBytes) => {
  let text = ''
  const lines = lineDecoder((line) => {
    text += line
    if (text.length > maxBytes) throw new TooLongError(maxBytes)
  }, maxBytes)
  return {
    push: lines.push,
    flush() {
      lines.flush()
      take(jsonOf(text))
    },
  }
}
