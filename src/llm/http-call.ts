import { LLMError, type LLMErrorFacts } from '../shared/errors.js'
import { type CallLimits, type CallScope, openScope } from './call-scope.js'
import { checkHeaders, urlOf } from './client-options.js'
import { CorruptLineError, type MakeDecoder } from './lines.js'
import { patience } from './patient-fetch.js'
import { retryAfterOf, withRetries } from './retry.js'
import { errorText, factsOfStatus } from './status-facts.js'
import { numberOf, parsedText, recordOf } from './wire-values.js'

/** How long the end of a stream may follow its last line. Reading it lets the connection serve the next call. */
const END_OF_STREAM_MS = 100
/** Most bytes of an error's body that are read. */
const MOST_ERROR_BYTES = 65_536
const MOST_REDIRECTS = 5
/** Reasons that an error in a stream has when its words say so. */
const BY_WORDS = ['context_length', 'rate_limit', 'unsupported', 'model_not_found', 'auth'] as const

/** One server as its client sees it. */
export interface HttpService {
  /** How errors name it: `Ollama`. */
  readonly title: string
  /** As in `client.provider`. */
  readonly provider: string
  /** Before the path of each request, without a slash at its end. */
  readonly base: string
  /** After the path of each request, such as `?api-version=1`; errors do not show it. */
  readonly query: string
  readonly headers: { readonly [name: string]: string } | undefined
  /** Looked up at each call when absent, so that a host may replace the global one. */
  readonly fetch: typeof globalThis.fetch | undefined
  /** The hint of the error when no server answers. */
  readonly offlineHint: string
  /** The hint of the error for a refused request, where there is one for this provider. */
  readonly hintOf?: (facts: LLMErrorFacts, model: string | undefined) => string | undefined
}

/** One request: what is asked, and for how long. */
export interface HttpCall {
  readonly service: HttpService
  readonly path: string
  readonly model: string | undefined
  /** Without one, the request is a GET. */
  readonly body: object | undefined
  /** Over those of the service. */
  readonly headers: { readonly [name: string]: string } | undefined
  readonly limits: CallLimits
  readonly signal: AbortSignal | undefined
  /** Longest value that is waited for. */
  readonly maxBytes: number
  /** How the answer is cut into values. */
  readonly decoder: MakeDecoder
}

/** Makes events of the values of one answer, and hands them to `emit`. */
export type MakeReader<Event> = (emit: (event: Event) => void) => AnswerReader<Event>

/** Reads the values of one answer. */
export interface AnswerReader<Event> {
  /** Takes one value. @returns whether it ends the answer */
  accept(value: unknown): boolean
  /** The text so far, for an error. */
  partial?(): string
  /** Whether the answer may end without a value that says so. */
  canEnd?(): boolean
  /** What follows the last value. */
  end?(scope: CallScope): readonly Event[]
}

/** Makes the error of this call. */
type Fail = (what: string, facts: LLMErrorFacts) => LLMError

/**
 * Asks a server and gives out what a reader makes of its answer, chunk by chunk.
 *
 * The request is sent again, where that may help, until the first chunk is here. Whatever goes wrong is an `LLMError`.
 *
 * @param onLeave is handed what to do when the caller leaves while a step still waits
 */
export async function* askServer<Event>(
  call: HttpCall,
  makeReader: MakeReader<Event>,
  onLeave?: (leave: () => void) => void,
): AsyncGenerator<readonly Event[], void, undefined> {
  const { service, model, limits, signal } = call
  const scope = openScope(limits, signal)
  onLeave?.(scope.abandon)
  let answer: OpenAnswer<Event> | undefined
  let isComplete = false
  const partial = (): string | undefined => answer && (answer.reader.partial?.() ?? '')
  const fail: Fail = (what, facts) =>
    new LLMError(redacted(`${service.title} at ${service.base}${call.path} ${what}.`, call), {
      provider: service.provider,
      model,
      partial: partial(),
      attempts: scope.attempts,
      ...facts,
    })
  const toError = (cause: unknown): LLMError => {
    if (scope.ending) return fail(...scope.ending)
    if (cause instanceof LLMError) return cause
    // A host's fetch may reject with anything.
    const { message = 'the connection was lost', status, said, cause: inner } = recordOf(cause) ?? {}
    if (cause instanceof CorruptLineError)
      return fail(`sent ${cause.message[0] === '<' ? 'a page instead of JSON' : 'what cannot be read'}: ${message}`, {
        reason: 'invalid_response',
        cause,
      })
    const words = String(said ?? message)
    if (numberOf(status) && !partial()) return refusal(call, status as number, words, fail)
    // Without a status, the words of an error may still say that the request is at fault.
    if (answer)
      return fail(`broke off: ${message}`, {
        reason: BY_WORDS.find((reason) => reason === factsOfStatus(400, words).reason) ?? 'stream',
        cause,
      })
    if (scope.attempts === 0) return fail(`cannot be asked: ${message}`, { reason: 'bad_request', cause })
    const code = recordOf(inner)?.code
    // A host's fetch reached a time limit of its own. The server may still be working, so the request is not sent again.
    const facts = /HEADERS_TIMEOUT|BODY_TIMEOUT/.test(String(code))
      ? ({ reason: 'timeout', phase: 'first-chunk' } as const)
      : ({ reason: 'connection', retryable: true, hint: service.offlineHint } as const)
    return fail(`cannot be reached (${code ?? cause})`, { ...facts, cause })
  }
  try {
    checkHeaders(call.headers)
    const body = call.body && JSON.stringify(call.body)
    answer = await withRetries(scope, async () => openAnswer(call, await send(call, body, scope, fail), makeReader, scope), toError)
    const { source, reader, events, take, close } = answer
    while (true) {
      // Values before a fault in the same chunk are given out first.
      if (events.length > 0) yield events.splice(0)
      if (answer.fault !== undefined) throw answer.fault
      if (answer.isDone) break
      scope.waitForChunk()
      const step = await source.read()
      scope.chunkCame()
      take(step)
    }
    // Reading to the end lets the connection serve the next call; when the end does not come in time, the connection is closed.
    const late = setTimeout(close, END_OF_STREAM_MS)
    await source.read().catch(() => {})
    clearTimeout(late)
    close()
    isComplete = true
    if (reader.end) yield reader.end(scope)
  } catch (error) {
    throw toError(error)
  } finally {
    scope.end(isComplete)
  }
}

/** The last event of an answer. */
export async function lastOf<Value>(batches: AsyncIterable<readonly Value[]>): Promise<Value> {
  let last: readonly Value[] = []
  for await (const batch of batches) last = batch
  return last.at(-1) as Value
}

/** An answer that has begun. */
interface OpenAnswer<Event> {
  readonly source: ReadableStreamDefaultReader<Uint8Array>
  readonly reader: AnswerReader<Event>
  readonly events: Event[]
  isDone: boolean
  /** What was wrong with a chunk. */
  fault: unknown
  /** Takes the next chunk. It never throws. */
  take(step: Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>): void
  /** Ends the connection, and a read that waits. */
  close(): void
}

/** Waits for the first chunk of an answer: a connection that is lost before it is retried. */
async function openAnswer<Event>(
  call: HttpCall,
  response: Response,
  makeReader: MakeReader<Event>,
  scope: CallScope,
): Promise<OpenAnswer<Event>> {
  const source = ((response.body ?? new Response('').body) as ReadableStream<Uint8Array>).getReader()
  // A body that does not follow the signal of its request ends here.
  const close = () => void source.cancel().catch(() => {})
  scope.release = close
  const events: Event[] = []
  const reader = makeReader((event) => events.push(event))
  const decoder = call.decoder((value) => {
    answer.isDone ||= reader.accept(value)
  }, call.maxBytes)
  const answer: OpenAnswer<Event> = {
    source,
    reader,
    events,
    close,
    isDone: false,
    fault: undefined,
    take({ done, value }) {
      try {
        if (!done) return decoder.push(value)
        decoder.flush()
        if (!answer.isDone && !reader.canEnd?.()) throw new Error('no "done" at the end')
        answer.isDone = true
      } catch (error) {
        answer.fault = error
      }
    },
  }
  const first = await source.read()
  scope.chunkCame()
  answer.take(first)
  // The reader may find that the server is not ready yet, or a proxy's error in an answer with status 200.
  const { fault } = answer
  const canAskAgain = fault instanceof LLMError ? fault.retryable : recordOf(fault)?.status
  if (canAskAgain && events.length === 0 && !reader.partial?.()) {
    close()
    throw fault
  }
  return answer
}

/** Sends the request; redirects are followed to the same origin only, so that a prompt goes nowhere else. */
async function send(call: HttpCall, body: string | undefined, scope: CallScope, fail: Fail): Promise<Response> {
  const { service, path } = call
  const fetch = service.fetch ?? globalThis.fetch
  const request: RequestInit = {
    method: body ? 'POST' : 'GET',
    headers: headersOf(call),
    body: body ?? null,
    signal: scope.signal,
    redirect: 'manual',
    ...(service.fetch ? {} : patience()),
  }
  let url = service.base + path + service.query
  for (let redirects = 0; ; redirects += 1) {
    const response = await scope.race(fetch(url, request))
    if (response.ok) return response
    const { status, headers } = response
    if (status >= 400) {
      throw refusal(call, status, await firstText(response, scope), fail, retryAfterOf(headers))
    }
    void response.body?.cancel().catch(() => {})
    const next = urlOf(headers.get('location') ?? '', url)
    // Addresses with a password, and of other kinds (`blob:`), do not begin with the origin.
    if (!next?.href.startsWith(`${new URL(url).origin}/`) || status === 303 || redirects === MOST_REDIRECTS) {
      const hint = 'Set baseUrl to the server that answers.'
      throw fail(`answered ${status} and sends to ${next?.origin ?? 'no address'}`, { reason: 'bad_request', status, hint })
    }
    url = next.href
  }
}

/** @param text what the server said, with its codes; the error repeats the words alone */
function refusal({ service, model }: HttpCall, status: number, text: string, fail: Fail, retryAfterMs?: number): LLMError {
  const facts = factsOfStatus(status, text)
  return fail(`answered ${status}: ${errorText(parsedText(text), text)}`, {
    ...facts,
    hint: service.hintOf?.(facts, model),
    // Google says in the body how long to wait.
    retryAfterMs: retryAfterMs ?? (Number(/"retryDelay":\s*"([\d.]+)s"/.exec(text)?.[1]) * 1_000 || undefined),
  })
}

function headersOf({ body, service, headers }: HttpCall): { [name: string]: string } {
  return { ...(body && { 'content-type': 'application/json' }), ...service.headers, ...headers }
}

/** The beginning of a body: an error's words stand there, and a server may send more without end. */
async function firstText(response: Response, scope: CallScope): Promise<string> {
  const source = response.body?.getReader()
  const decoder = new TextDecoder()
  let text = ''
  while (source && text.length < MOST_ERROR_BYTES) {
    const { done, value } = await scope.race(source.read())
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  void source?.cancel().catch(() => {})
  return text
}

/** Names of headers and of fields of a query, every word of whose value may be a secret. */
const PRIVATE = /auth|cookie|key|token|secret|sig|pass/i
/** The values of headers and queries that an error may repeat. */
const HARMLESS = /^(?:bearer|digest|application\/json)$/i

/** Removes the values of headers and query from a text: some servers repeat a refused key. */
function redacted(text: string, call: HttpCall): string {
  const headers = Object.entries(headersOf(call))
  const words = [...headers, ...new URLSearchParams(call.service.query)]
    .filter(([name]) => PRIVATE.test(name))
    .flatMap(([, value]) => [value, ...value.split(/[\s;,="]+/)])
  return [...headers.map(([, value]) => value.replace(/^\S+ /, '')), ...words]
    .filter((secret) => secret.length > 5 && !HARMLESS.test(secret))
    .reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}
