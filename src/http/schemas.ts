import * as v from 'valibot'
import type { JsonObject as Json } from '../entities/json.js'
import { TEMPLATE_FORMATS } from '../entities/template.js'

// Building blocks of request schemas. They find all faults of a request at once; the library checks every value again.

/** Longest of each kind of text, in characters. */
export const LIMITS = { name: 255, shortName: 100, provider: 50, project: 100, label: 36, summary: 10_000, text: 1_048_576 } as const

const jsonSchemas = new WeakMap<object, object>()

/** A schema that checks by a function, and how it stands in the OpenAPI document. */
function checked<Value>(check: (value: unknown) => boolean, message: string, jsonSchema: object): v.GenericSchema<Value> {
  const schema = v.custom<Value>(check, message)
  jsonSchemas.set(schema, jsonSchema)
  return schema
}

export function jsonSchemaOf(schema: object): object | undefined {
  return jsonSchemas.get(schema)
}

/** Text that PostgreSQL can store. */
export const text = (maxLength: number = LIMITS.text) =>
  v.pipe(
    v.string('must be text'),
    v.maxLength(maxLength, `must have at most ${maxLength.toLocaleString('en')} characters`),
    v.check((value) => value.isWellFormed() && !value.includes('\0'), 'must not hold NUL characters or lone surrogates'),
  )
const someText = (maxLength: number) => v.pipe(text(maxLength), v.minLength(1, 'must not be empty'))

/**
 * Control characters, line ends, and what turns the direction of the text after it: a name with them looks like another one. Words of some
 * languages and emoji hold other format characters (Cf), but do not begin or end with one.
 */
const UNSEEN = /^\p{Cf}|\p{Cf}$|[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/** The name of something that is there. */
export const Name = (maxLength: number = LIMITS.name) => someText(maxLength)

/** A new name: without characters that look like others, and without those that a path cannot hold. */
export const NewName = (maxLength: number = LIMITS.name) =>
  v.pipe(
    someText(maxLength),
    v.check((name) => name.trim() === name, 'must not begin or end with a blank'),
    v.check((name) => !UNSEEN.test(name), 'must not hold control characters or line ends, nor begin or end with what cannot be seen'),
    v.check((name) => name !== '.' && name !== '..', 'must not be "." or "..": no path can hold it'),
  )

const LABEL = /^[a-z0-9_.-]+$/
export const LabelQuery = v.pipe(someText(LIMITS.label), v.regex(LABEL, 'may hold lower-case letters, digits, "_", "." and "-" only'))
/** A label that can be given to a version. */
export const Label = v.pipe(
  someText(LIMITS.label),
  v.regex(LABEL, 'may hold lower-case letters, digits, "_", "." and "-" only'),
  v.check((label) => label !== 'latest', 'must not be "latest": that label always means the highest active version'),
)
export const Project = v.pipe(someText(LIMITS.project), v.regex(/^[A-Za-z0-9_.-]+$/, 'may hold letters, digits, "_", "." and "-" only'))
export const integer = () => v.pipe(v.number('must be a number'), v.integer('must be an integer'))
export const Version = v.pipe(integer(), v.minValue(1, 'must be 1 or more'), v.maxValue(2_147_483_647, 'must be at most 2,147,483,647'))
export const Summary = v.pipe(text(LIMITS.summary), v.description('Why, for the changelog.'))
export const Flag = v.boolean('must be true or false')

// Records of valibot drop keys like "constructor", which users may well store.
export const JsonObject = checked<Json>(isObject, 'must be an object', { type: 'object', additionalProperties: true })
export const AnyJson = checked<unknown>(() => true, '', {})
export const Versions = checked<Record<string, number>>(
  (value) => isObject(value) && Object.values(value).every((version) => v.is(Version, version)),
  'must be an object of versions by subject',
  { type: 'object', additionalProperties: { type: 'integer', minimum: 1 } },
)
export const Template = checked<string | readonly never[]>(
  (value) => typeof value === 'string' || (Array.isArray(value) && value.every(isObject)),
  'must be text, or a list of messages',
  { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'object', additionalProperties: true } }] },
)
const Price = v.pipe(
  v.number('must be a number'),
  v.check((price) => Number.isFinite(price), 'must be a number'),
  v.minValue(0, 'must be 0 or more'),
)
export const Prices = v.strictObject({
  input_per_million: v.pipe(Price, v.description('For a million tokens that the model reads.')),
  output_per_million: v.pipe(Price, v.description('For a million tokens that the model writes, thoughts included.')),
  cached_input_per_million: v.optional(
    v.pipe(Price, v.description('For a million tokens read that came from the provider’s cache; as the others when it is left out.')),
  ),
  currency: v.pipe(
    v.string('must be text'),
    v.regex(/^[A-Z]{3}$/, 'must be three capital letters, such as USD'),
    v.description('ISO 4217.'),
  ),
})
export const Fallbacks = v.array(
  v.strictObject({
    provider: someText(LIMITS.provider),
    model: someText(LIMITS.text),
    parameters: v.optional(JsonObject),
    prices: v.optional(Prices),
  }),
  'must be a list of { provider, model, parameters?, prices? }',
)
export const Format = v.picklist(TEMPLATE_FORMATS, oneOf(TEMPLATE_FORMATS))
const DATE = /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?)?$/i
/** The first and the last instant that both PostgreSQL and ISO 8601 write with four digits. */
const [FIRST_DATE, LAST_DATE] = [Date.parse('0001-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')]
export const Date8601 = v.pipe(v.string('must be text'), v.check(isDate, 'must be an ISO 8601 date'))

function isDate(text: string): boolean {
  const [, year, month, day = '01'] = DATE.exec(text) ?? []
  const at = Date.parse(text)
  // JavaScript takes the thirtieth of February for a day in March.
  return (
    at >= FIRST_DATE && at <= LAST_DATE && new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day)
  )
}

export function pick<const Options extends readonly string[]>(options: Options) {
  return v.picklist(options, oneOf(options))
}

function oneOf(options: readonly string[]): string {
  return `must be one of ${options.join(', ')}`
}

// Numbers and yes or no, as a query writes them.
export const integerText = (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  v.pipe(
    v.string('must be given once'),
    v.regex(/^\d{1,16}$/, 'must be an integer'),
    v.transform(Number),
    v.number(),
    v.integer('must be an integer'),
    v.minValue(min, `must be ${min.toLocaleString('en')} or more`),
    v.maxValue(max, `must be at most ${max.toLocaleString('en')}`),
  )
export const VersionText = integerText(1, 2_147_483_647)
export const LimitText = v.pipe(integerText(1, 1_000), v.description('Most entries of this page; 50 when it is left out.'))
export const YesOrNo = v.pipe(
  v.picklist(['true', 'false', '1', '0'], 'must be true or false'),
  v.transform((value) => value === 'true' || value === '1'),
  v.boolean(),
)
export const Cursor = v.pipe(v.string('must be given once'), v.description('The `cursor` of the page before.'))
export const SearchText = v.pipe(text(LIMITS.name), v.description('Part of the name, or of what `search_in` says, in any case.'))
export const SearchPlaces = v.pipe(
  v.picklist(['name', 'content', 'all'], 'must be name, content or all'),
  v.description('Where `search` looks; the default is name.'),
)
export const WaitText = v.pipe(
  integerText(0, 60_000),
  v.description('Waits until every worker serves the write, at most so many milliseconds. The answer has a `receipt`.'),
)

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
