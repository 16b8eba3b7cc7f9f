import fc from 'fast-check'
import type { EntityContent } from '../../src/file-format/file-kind.js'

/** Pieces that a careless format loses or takes for its own. */
const PIECES = [
  '---', '\n', '\r\n', '\r', '\t', '  ', '\n\n\n', '%', '%41', 'emoji 🦊', '#', ': ', '- ', '|', '>', '"', "'", '\\', 'no', 'null', '~', '1e3',
  '0x1f', '\u0085', '\u2028', '\ufeff', '\u0001', '\u007f', '\u00a0', '&a', '*a', '!!str', '<<', '@', '`', '{', '}', '[x]', 'ä', '日本', '...', '?',
] // biome-ignore format: a table

const piecesOrText = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'grapheme', maxLength: 12 }))
const storable = (text: string) => !text.includes('\0') && text.isWellFormed()

export const texts = fc
  .array(piecesOrText, { minLength: 1, maxLength: 12 })
  .map((parts) => parts.join(''))
  .filter((text) => text !== '' && storable(text))
const optionalTexts = fc.oneof(fc.constant(null), fc.constant(''), texts)
const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)))
const storableJson = fc
  .oneof(
    json,
    fc.dictionary(texts, fc.oneof(json, texts), { maxKeys: 4 }).map((value) => JSON.parse(JSON.stringify(value))),
  )
  .filter((value) => storable(JSON.stringify(value).replaceAll('\\u0000', '\0')) && !JSON.stringify(value).includes('\\ud'))
const parameters = fc.dictionary(texts, storableJson, { maxKeys: 4 })

/** Braces of its own text doubled, so that an f-string parses. */
const inFormat = (format: string, text: string) => {
  if (format === 'f-string') return text.replaceAll('{', '{{').replaceAll('}', '}}')
  return format === 'mustache' ? text.replaceAll('{', '(') : text
}
const formats = fc.constantFrom('f-string', 'mustache', 'raw')

const textPrompts = fc.record({ templateFormat: formats, template: texts }).map(({ templateFormat, template }) => ({
  templateFormat,
  type: 'text',
  template: `${inFormat(templateFormat, template)}${templateFormat === 'raw' ? '' : '{{name}}'}`,
}))

const messages = (format: string) =>
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ role: fc.constantFrom('system', 'user', 'assistant'), content: texts.map((text) => inFormat(format, text)) }),
    },
    { weight: 1, arbitrary: fc.record({ placeholder: fc.constantFrom('history', 'more'), optional: fc.boolean() }) },
    {
      weight: 1,
      arbitrary: texts.map((text) => ({
        role: 'user',
        content: [
          { type: 'text', text: inFormat(format, text) },
          { type: 'odd', data: text },
        ],
      })),
    },
  )
const chatPrompts = formats.chain((templateFormat) =>
  fc
    .uniqueArray(messages(templateFormat), {
      minLength: 1,
      maxLength: 4,
      selector: (message) => ('placeholder' in message ? message.placeholder : {}),
    })
    .map((template) => ({ templateFormat, type: 'chat', template })),
)
const described = fc.record({ description: optionalTexts, model: optionalTexts, parameters })
const prompts = fc.tuple(fc.oneof(textPrompts, chatPrompts), described).map(([one, other]) => ({ ...one, ...other }))

const short = texts.map((text) => [...text].slice(0, 20).join('')).filter((text) => text.length <= 50)
const prices = fc.integer({ min: 0, max: 10_000 }).map((cents) => cents / 100)
const models = fc.record({
  provider: short,
  model: texts,
  parameters,
  fallbacks: fc.array(fc.record({ provider: short, model: texts, parameters }), { maxLength: 2 }),
  prices: fc.option(fc.record({ inputPerMillion: prices, outputPerMillion: prices, currency: fc.constantFrom('USD', 'EUR') })),
})
const embeddings = fc.record({
  embeddingModel: texts,
  chunkSize: fc.integer({ min: 100, max: 10_000 }),
  chunkOverlap: fc.integer({ min: 0, max: 99 }),
  chunkingStrategy: texts,
  dimensions: fc.option(fc.integer({ min: 1, max: 4_096 })),
  parameters,
})
const flags = fc.record({
  value: fc.oneof(
    fc.boolean(),
    texts,
    fc.constant(''),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((one) => one + 0),
    parameters,
  ),
  description: optionalTexts,
})
const rules = fc.record({ important: optionalTexts, ignore: optionalTexts, description: optionalTexts })

/** An entity of a kind of the package, as the library accepts it. */
export const entities: fc.Arbitrary<{ readonly kind: string; readonly content: EntityContent }> = fc.oneof(
  { weight: 4, arbitrary: prompts.map((content) => ({ kind: 'prompt', content })) },
  models.map((content) => ({ kind: 'model', content })),
  embeddings.map((content) => ({ kind: 'embedding', content })),
  flags.map((content) => ({ kind: 'flag', content })),
  rules.map((content) => ({ kind: 'context_rules', content })),
) as never

export const names = fc
  .array(
    fc.oneof(
      fc.constantFrom('/', '.', '..', '%', ' ', 'con', 'nul.txt', '%2F', 'a', ':', '\n', '🦊'),
      fc.string({ unit: 'grapheme', maxLength: 40 }),
    ),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((parts) => parts.join('').slice(0, 255))
  .filter((name) => name !== '' && storable(name))
