import { LLMError, type LLMErrorFacts } from '../shared/errors.js'
import { type CallLimits, CallScope } from './call-scope.js'
import { CorruptLineError, ndjsonDecoder } from './ndjson.js'
import { type MakeReader, type OllamaReader, recordOf } from './ollama-answer.js'
import { errorText, factsOfStatus } from './ollama-error.js'
import { parsedText } from './ollama-request.js'
import { parseRetryAfter, withRetries } from './retry.js'

/** How long the end of a stream may follow its last line. Reading it lets the connection serve the next call. */
const END_OF_STREAM_MS = 100

/** One request: what is asked where, and for how long. */
export interface OllamaCall {
  readonly baseUrl: string
  readonly path: string
  readonly model: string | undefined
  /** Without one, the request is a GET. */
  readonly body: object | undefined
  readonly headers: { readonly [name: string]: string }
  readonly fetch: typeof globalThis.fetch
  readonly limits: CallLimits
  readonly signal: AbortSignal | undefined
}

/** Makes the error of this call. */
type Fail = (what: string, facts: LLMErrorFacts) => LLMError

const NOT_RUNNING = 'Start it with `ollama serve`, or set baseUrl.'

type BodyReader = ReadableStreamDefaultReader<Uint8Array>
type Chunk = Awaited<ReturnType<BodyReader['read']>>

/**
 * Asks the server and gives out what a reader makes of the lines of its answer, chunk by chunk.
 *
 * The request is sent again, where that may help, until the first chunk is here. Whatever goes wrong is an `LLMError`.
 *
 * @param onLeave is handed what to do when the caller leaves while a step still waits
 */
export async function* askOllama<Event>(
  call: OllamaCall,
  makeReader: MakeReader<Event>,
  onLeave?: (leave: () => void) => void,
): AsyncGenerator<readonly Event[], void, undefined> {
  const scope = new CallScope(call.limits, call.signal)
  onLeave?.(() => scope.abandon())
  const events: Event[] = []
  const reader = makeReader((event) => events.push(event))
  let hasBegun = false
  let isDone = false
  let isComplete = false
  const fail: Fail = (what, facts) =>
    new LLMError(`Ollama at ${call.baseUrl}${call.path} ${what}.`, {
      provider: 'ollama',
      model: call.model,
      partial: hasBegun ? (reader.partial?.() ?? '') : undefined,
      attempts: scope.attempts,
      ...facts,
    })
  const toError = (cause: unknown): LLMError => {
    if (scope.ending) return fail(...scope.ending)
    if (cause instanceof LLMError) return cause
    if (cause instanceof CorruptLineError) return fail(`sent what cannot be read: ${cause.message}`, { reason: 'invalid_response', cause })
    if (hasBegun) return fail(`broke off: ${(cause as Error).message}`, { reason: 'stream', cause })
    if (scope.attempts === 0) return fail('cannot be sent what is no JSON', { reason: 'bad_request', cause })
    const code = recordOf(recordOf(cause)?.cause)?.code
    return fail(`cannot be reached (${code ?? cause})`, { reason: 'connection', retryable: true, hint: NOT_RUNNING, cause })
  }
  try {
    const body = call.body && JSON.stringify(call.body)
    const { source, first } = await withRetries(scope, () => openAnswer(call, body, scope, fail), toError)
    hasBegun = true
    const decoder = ndjsonDecoder((line) => {
      isDone ||= acceptLine(line, reader)
    })
    let chunk: Chunk | undefined = first
    while (!isDone) {
      let fault: unknown
      try {
        chunk ??= await scope.chunk(source.read())
        if (!chunk.done) decoder.push(chunk.value)
        else {
          decoder.flush()
          if (!isDone) throw new Error('no "done" at the end')
        }
        chunk = undefined
      } catch (error) {
        fault = error ?? true
      }
      // What came before the fault in the same chunk is given out first.
      if (events.length > 0) yield events.splice(0)
      if (fault) throw fault
    }
    // Reading the end, too, lets the connection serve the next call; if it does not come, we let go.
    await Promise.race([source.read().catch(() => {}), scope.sleep(END_OF_STREAM_MS)])
    void source.cancel().catch(() => {})
    isComplete = true
    if (reader.end) yield [reader.end(scope)]
  } catch (error) {
    throw toError(error)
  } finally {
    scope.end(isComplete)
  }
}

/** Sends the request once and waits for the first chunk of its answer: losing the connection before it can still be cured. */
async function openAnswer(
  call: OllamaCall,
  body: string | undefined,
  scope: CallScope,
  fail: Fail,
): Promise<{ source: BodyReader; first: Chunk }> {
  const { baseUrl, path, model, headers, fetch } = call
  const response = await scope.race(
    fetch(baseUrl + path, { method: body ? 'POST' : 'GET', headers, body: body ?? null, signal: scope.signal }),
  )
  if (response.ok) {
    const source = (response.body as ReadableStream<Uint8Array>).getReader()
    // A body that does not follow the signal of its request ends here.
    scope.release = () => void source.cancel().catch(() => {})
    return { source, first: await scope.chunk(source.read()) }
  }
  const text = await scope.race(response.text())
  const said = errorText(parsedText(text), text)
  throw fail(`answered ${response.status}: ${said}`, {
    ...factsOfStatus(response.status, said, model),
    retryAfterMs: parseRetryAfter(response.headers.get('retry-after')),
  })
}

function acceptLine(line: unknown, reader: OllamaReader<unknown>): boolean {
  const fields = recordOf(line)
  if (fields === undefined) throw new CorruptLineError(String(line))
  if (fields.error !== undefined) throw new Error(errorText(fields))
  return reader.accept(fields)
}
