import { TooLongError } from './lines.js'
import type { ChatEvent } from './llm-client.js'
import { type SplitText, splitThinking, thinkingSplitter } from './thinking.js'
import { stringOf } from './wire-values.js'

/** Collects the text and the thoughts of one answer while they arrive. */
export interface AnswerText {
  /** Takes the next part of the answer, and what the server says the model thought. */
  add(written: unknown, thought: unknown): void
  /** Counts characters that are neither text nor thoughts, such as arguments of tools. @throws {TooLongError} */
  count(length: number): void
  /** Gives out what was held back, when nothing more will come. */
  flush(): void
  /** How long all of it is, in UTF-16 units. */
  length(): number
  whole(): SplitText
}

/**
 * Puts an answer together. When the server does not separate thoughts from text, tags in the text do.
 *
 * Functions in place of a class: private names cannot be made shorter, and the size of clients in a browser counts.
 *
 * @param isQuiet leaves the events away, for a caller who wants the whole answer
 */
export function answerText(emit: (event: ChatEvent) => void, isQuiet: boolean, maxLength: number): AnswerText {
  let text = ''
  let thinking: string | undefined
  let length = 0
  const give = (type: 'text' | 'thinking', delta: string): void => {
    if (!isQuiet) emit({ type, delta })
  }
  const splitter = thinkingSplitter(give)
  const count = (more: number): void => {
    length += more
    if (length > maxLength) throw new TooLongError(maxLength)
  }
  return {
    add(written, thought) {
      if (stringOf(thought)) {
        count((thought as string).length)
        if (thinking === undefined) splitter.flush()
        thinking = (thinking ?? '') + thought
        give('thinking', thought as string)
      }
      if (stringOf(written)) {
        count((written as string).length)
        text += written
        // When the server separates thoughts, tags in the text are ordinary text.
        if (thinking !== undefined) give('text', written as string)
        else if (!isQuiet) splitter.push(written as string)
      }
    },
    count,
    flush: splitter.flush,
    length: () => length,
    whole: () => (thinking === undefined ? splitThinking(text) : { text, thinking }),
  }
}
