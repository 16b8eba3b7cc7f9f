import fc from 'fast-check'

/** A request that somebody might send: near to what the document says, or far from it. */
export interface FuzzedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
}

interface Parameter {
  readonly name: string
  readonly in: string
}
interface Operation {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { content: { 'application/json': { schema: Schema; example?: unknown } } }
}
interface Schema {
  readonly properties?: Record<string, Schema>
}

/** Texts that break things: ends of ranges, words that JavaScript knows, bytes that no text has. */
const hostileText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '.',
    '..',
    '../../etc/passwd',
    'constructor',
    '__proto__',
    'toString',
    'latest',
    'production',
    'greeting',
    'null',
    '%00',
    '\0',
    '\ud800',
    '{',
    '{{#a}}',
    "'; drop table prompts; --",
    '1e999',
    '-1',
    '0',
    '2147483648',
    '9007199254740993',
    'x'.repeat(300),
    'é'.repeat(300),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ maxLength: 10 }),
)
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  { maxDepth: 3 },
  hostileText,
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, [], {}, [[]], 1e308, -0, 2 ** 31, ['production'], ['latest'], [{ version: 1, weight: 1 }]),
  fc.jsonValue({ maxDepth: 3 }),
)
const oddHeader: fc.Arbitrary<Record<string, string>> = fc.constantFrom<Record<string, string>[]>(
  {},
  { 'if-match': '"x"' },
  { 'if-match': '*' },
  { 'if-match': ',,W/' },
  { 'if-none-match': '*' },
  { 'accept-encoding': 'gzip' },
  { 'accept-encoding': ';;q=' },
  { 'last-event-id': '99999999999999999999' },
  { 'content-type': 'application/json; charset=latin1' },
  { 'content-type': 'text/plain' },
  { 'content-encoding': 'br' },
  { 'x-request-id': 'x'.repeat(500) },
  { origin: 'null' },
  { 'sec-fetch-site': 'cross-site' },
)

/** Requests for every call of an OpenAPI document. Event streams, which do not end, are left out. */
export function fuzzedRequests(document: { readonly paths: Record<string, Record<string, Operation>> }): fc.Arbitrary<FuzzedRequest> {
  const operations = Object.entries(document.paths)
    .filter(([path]) => path !== '/events')
    .flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })))
  return fc.constantFrom(...operations).chain(({ path, method, operation }) =>
    fc.record({
      method: fc.oneof(
        { weight: 20, arbitrary: fc.constant(method) },
        { weight: 1, arbitrary: fc.constantFrom('PUT', 'OPTIONS', 'HEAD', 'PATCH') },
      ),
      path: fc.tuple(pathOf(path), queryOf(operation.parameters ?? [])).map(([filled, query]) => filled + query),
      headers: fc.tuple(oddHeader, keyed).map(([odd, key]) => ({ ...odd, ...key })),
      body: ['GET', 'DELETE'].includes(method) ? fc.constant(undefined) : bodyOf(operation),
    }),
  )
}

const keyed: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 9, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constantFrom<Record<string, string>[]>({ 'idempotency-key': 'k' }, { 'idempotency-key': 'x'.repeat(300) }) },
)

function pathOf(path: string): fc.Arbitrary<string> {
  return fc.array(hostileText, { minLength: 2, maxLength: 2 }).map((texts) => path.replace(/\{\w+\}/g, () => encode(texts.pop() ?? '')))
}

function queryOf(parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const names = [...parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name), 'nobody', '__proto__']
  return fc
    .array(fc.tuple(fc.constantFrom(...names), hostileText), { maxLength: 4 })
    .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${encode(value)}`).join('&')}`))
}

function bodyOf({ requestBody }: Operation): fc.Arbitrary<string> {
  const { schema, example } = requestBody?.content['application/json'] ?? { schema: {} }
  const names = [...Object.keys(schema.properties ?? {}), 'nobody', '__proto__', 'constructor']
  const changed = fc
    .array(fc.tuple(fc.constantFrom(...names), hostileValue), { maxLength: 4 })
    .map((pairs) => JSON.stringify(Object.fromEntries([...Object.entries(example ?? {}), ...pairs])))
  return fc.oneof(
    { weight: 8, arbitrary: changed },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '',
        '{',
        '[]',
        'null',
        '"x"',
        '{"__proto__":{}}',
        '[[[[',
        `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
      ),
    },
    { weight: 1, arbitrary: hostileValue.map((value) => JSON.stringify(value) ?? '') },
  )
}

function encode(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    return '%ED%A0%80'
  }
}
