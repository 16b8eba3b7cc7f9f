import { THINKING_TAGS } from './thinking-tags.js'

/** An answer and the thoughts that stood before it. */
export interface SplitText {
  readonly text: string
  readonly thinking: string | undefined
}

type Give = (type: 'text' | 'thinking', delta: string) => void

const OPENING_TAGS = THINKING_TAGS.map((name) => `<${name}>`)
/** Most blanks that may stand before a tag. */
const MOST_BLANKS = 1_000
/** A closing tag in quotes or backticks is quoted text, not a tag. */
const LONE_CLOSING = /(?<![`'"])<\/(think|thinking|reasoning)>/

/**
 * Takes the thoughts off an answer: a block at its beginning, closed or (when the model was cut off) not, and text up to
 * a closing tag whose opening tag was swallowed by the prompt's template.
 */
export function splitThinking(answer: string): SplitText {
  const given: { text: string; thinking?: string } = { text: '' }
  const splitter = thinkingSplitter((type, delta) => {
    given[type] = (given[type] ?? '') + delta
  })
  splitter.push(answer)
  splitter.flush()
  const { text, thinking } = given
  const closing = splitter.hasThought() ? null : LONE_CLOSING.exec(text)
  if (closing) return { text: text.slice(closing.index + closing[0].length).trimStart(), thinking: text.slice(0, closing.index).trim() }
  return { text, thinking: splitter.hasThought() ? (thinking ?? '').trim() : undefined }
}

/** The same while the answer is being written. */
export interface ThinkingSplitter {
  /** Takes the next part of the answer. */
  push(delta: string): void
  /** Gives out what was held back, when nothing more will come. */
  flush(): void
  /** Whether the answer began with a tag. */
  hasThought(): boolean
}

/**
 * Splits an answer while it is being written. A tag may be cut anywhere, so what could still become one is held back.
 *
 * Text that was given out stays text: a closing tag without an opening one is found only by `splitThinking`, on the whole answer.
 *
 * @param give gets each part as soon as it is decided, in order
 */
export function thinkingSplitter(give: Give): ThinkingSplitter {
  let held = ''
  let state: 'start' | 'thinking' | 'text' = 'start'
  let closing = ''
  let isAfterThoughts = false

  const take = (length: number): void => {
    if (length <= 0) return
    give(state === 'thinking' ? state : 'text', held.slice(0, length))
    held = held.slice(length)
  }

  return {
    push(delta) {
      held += delta
      if (state === 'start') {
        const begun = held.trimStart()
        // More blanks than that are text: they are given out, and no tag is looked for after them.
        const canBegin = held.length - begun.length <= MOST_BLANKS
        const tag = canBegin ? OPENING_TAGS.find((each) => begun.startsWith(each)) : undefined
        if (!tag && canBegin && OPENING_TAGS.some((each) => each.startsWith(begun))) return
        state = tag ? 'thinking' : 'text'
        if (tag) {
          held = begun.slice(tag.length)
          closing = tag.replace('<', '</')
        }
      }
      if (state === 'thinking') {
        const end = held.indexOf(closing)
        // Text that could be the beginning of the closing tag is held back until the next delta.
        take(end < 0 ? held.length - closing.length + 1 : end)
        if (end < 0) return
        held = held.slice(closing.length)
        state = 'text'
        isAfterThoughts = true
      }
      // White space between thoughts and answer belongs to neither.
      if (isAfterThoughts) held = held.trimStart()
      if (held) isAfterThoughts = false
      take(held.length)
    },
    flush: () => take(held.length),
    hasThought: () => closing !== '',
  }
}
