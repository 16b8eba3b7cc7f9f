import { jsonOf, lineDecoder, type MakeDecoder } from './lines.js'

/** What ends a stream of an OpenAI-compatible server. */
export const DONE = '[DONE]'

/**
 * The data of server-sent events, each a value of JSON or the text `[DONE]`. Comments and names of events are stepped
 * over; a line of bare JSON, in which some servers put their errors, counts as data, and so does a page, which is refused.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export const sseDecoder: MakeDecoder = (take, maxBytes) =>
  lineDecoder((line, isDamaged) => {
    const data = line.startsWith('data:') ? line.slice(5).trim() : /^[{<]/.test(line) ? line : ''
    if (data !== '') take(data === DONE ? data : jsonOf(data, isDamaged))
  }, maxBytes)

/** A body that is one value of JSON, on one line or on many. */
export const jsonDecoder: MakeDecoder = (take, maxBytes) => {
  let text = ''
  let isDamaged = false
  const lines = lineDecoder((line, isBroken) => {
    text += line
    isDamaged ||= isBroken
  }, maxBytes)
  return {
    push: lines.push,
    flush() {
      lines.flush()
      take(jsonOf(text, isDamaged))
    },
  }
}
