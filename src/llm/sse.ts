import { MOST_LINE_BYTES } from './client-options.js'
import { corrupt, jsonOf, lineDecoder, type MakeDecoder, TooLongError } from './lines.js'
import { parsedText } from './wire-values.js'

/** What ends a stream of an OpenAI-compatible server. */
export const DONE = '[DONE]'

/** How a value of JSON or a page begins, where no `data:` stands before it. */
const BODY = /^[{[<]/
/** A field of an event, or a comment. */
const FIELD = /^(?:data|error|event|id|retry)?(?::|$)/
/** A field with a value. llama.cpp writes its errors into a field of their own. */
const DATA = /^(?:data|error):\s*/

/**
 * The data of server-sent events, each a value of JSON or the text `[DONE]`, or the one value of a body of JSON, on one line or on
 * many: some servers send it, with an answer or an error, whatever was asked for and whatever type they give. Comments and other
 * fields are stepped over.
 *
 * Read besides what the standard asks for: an event whose first line of data is a whole value is given out with that line, since
 * some servers leave the blank line out; and an event that the end of the stream cuts short. A page, or any other text that holds
 * no value at all, is refused.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export const sseDecoder: MakeDecoder = (take, maxBytes) => {
  /** The lines of a value that needs more than its first. */
  let data = ''
  /** Whether they are those of a body: a blank line does not end it, a field does. */
  let isBody = false
  let hasValue = false
  /** The first line that is neither a field nor a value. */
  let strange: string | undefined

  const give = (value: unknown): void => {
    hasValue = true
    take(value)
  }
  const dispatch = (): void => {
    const text = data
    data = ''
    if (text) give(jsonOf(text))
  }
  const lines = lineDecoder((line) => {
    if (line === '') {
      if (!isBody) dispatch()
      return
    }
    const isField = FIELD.test(line)
    const isData = isField && DATA.test(line)
    if (isBody && isField) dispatch()
    if (!data) isBody = BODY.test(line)
    if (!isData && !isBody) {
      if (!isField) strange ??= line
      return
    }
    const text = isData ? line.replace(DATA, '').trim() : line
    if (text === '') return
    const most = isBody ? maxBytes : Math.min(maxBytes, MOST_LINE_BYTES)
    if (data.length + text.length > most) throw new TooLongError(most)
    // What is no JSON comes back as it is.
    const value = data ? text : parsedText(text)
    if (value !== text || (text === DONE && !data)) give(value)
    else data += `${data && '\n'}${text}`
  }, maxBytes)
  return {
    push: lines.push,
    flush() {
      lines.flush()
      dispatch()
      if (!hasValue && strange !== undefined) throw corrupt(strange)
    },
  }
}
