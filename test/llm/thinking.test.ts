import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitThinking, thinkingSplitter } from '../../src/llm/thinking.js'

describe('splitThinking', () => {
  it.each([
    ['a closed block', '<think>why</think>\n\nBecause.', 'Because.', 'why'],
    ['another tag', '<reasoning>why</reasoning>Because.', 'Because.', 'why'],
    ['white space before the tag', '\n <thinking>why</thinking>Because.', 'Because.', 'why'],
    ['a block that was cut off', '<think>why, oh', '', 'why, oh'],
    ['a lone closing tag', 'why\n</think>\nBecause.', 'Because.', 'why'],
    ['an empty block', '<think>\n\n</think>\n\nBecause.', 'Because.', ''],
    ['no thoughts', ' Because.', ' Because.', undefined],
    ['a tag that is talked about', 'Write `</think>` at the end.', 'Write `</think>` at the end.', undefined],
    ['upper case', '<THINK>why</THINK>\nBecause.', 'Because.', 'why'],
    ['mixed case', '<Think>why</think>Because.', 'Because.', 'why'],
    ["Mistral's brackets", '[THINK]why [not]?[/THINK]Because.', 'Because.', 'why [not]?'],
    ["Mistral's brackets that were cut off", '[THINK]why [/THIN', '', 'why [/THIN'],
    ['a lone closing bracket', 'why\n[/THINK]Because.', 'Because.', 'why'],
    ['a lone closing tag in upper case', 'why</THOUGHT>Because.', 'Because.', 'why'],
    ['thought', '<thought>why</thought>\n\nBecause.', 'Because.', 'why'],
    ['another tag inside', '<thought>why <think>not</think></thought>Because.', 'Because.', 'why <think>not</think>'],
    ['letters that grow in lower case', '<think>İİİİ</think>İ', 'İ', 'İİİİ'],
    ['a list', '[thinking, of, it]', '[thinking, of, it]', undefined],
    ['a longer word', '<thinker>why</thinker>', '<thinker>why</thinker>', undefined],
    ['a tag in the middle', 'Models write <think> first.', 'Models write <think> first.', undefined],
  ])('takes apart %s', (_, answer, text, thinking) => {
    expect(splitThinking(answer)).toEqual({ text, thinking })
  })
})

describe('thinkingSplitter', () => {
  const pieces = fc.constantFrom(
    '<think>',
    '</think>',
    '</THINK>',
    '[THINK]',
    '[/THINK]',
    '[/',
    'İ',
    '<reasoning>',
    '</reasoning>',
    '<',
    'thi',
    ' ',
    '\n',
    'why',
    'Because.',
    '/',
  )

  /** What the splitter gives for an answer in these parts. */
  function splitParts(parts: readonly string[]) {
    const given = { text: '', thinking: '' }
    const splitter = thinkingSplitter((type, delta) => {
      given[type] += delta
    })
    for (const part of parts) splitter.push(part)
    splitter.flush()
    return given
  }

  it('gives the same as for the whole answer, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(pieces), fc.nat({ max: 5 }), fc.constantFrom('<think>', '<Thought>', '[THINK]'), (parts, size, tag) => {
        // A lone closing tag can only be seen in the whole answer.
        const answer = `${tag}${parts.join('')}`
        const cut = Array.from({ length: Math.ceil(answer.length / (size + 1)) }, (_, at) =>
          answer.slice(at * (size + 1), (at + 1) * (size + 1)),
        )

        const { text, thinking } = splitParts(cut)

        expect({ text, thinking: thinking.trim() }).toEqual(splitThinking(answer))
      }),
    )
  })

  it('loses nothing of an answer without thoughts', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('<', '<th', 'ink', ' '))), (parts) => {
        fc.pre(!/^\s*(<(think|thinking|thought|reasoning)>|\[think\])/i.test(parts.join('')))

        expect(splitParts(parts)).toEqual({ text: parts.join(''), thinking: '' })
      }),
    )
  })

  it('gives text out as soon as it can be no tag', () => {
    const given: string[] = []
    const splitter = thinkingSplitter((_, delta) => given.push(delta))

    splitter.push('<thin')
    splitter.push(' ice')

    expect(given).toEqual(['<thin ice'])
  })
})
