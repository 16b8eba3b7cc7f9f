import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import type { BaseAgent as Agent, OllamaClient as Client, ModelConfig, Prompt, RunContext } from '../../src/index.js'
import { BaseAgent, OllamaClient, traceAgents } from './support/built.js'
import { type BenchRow, significant } from './support/row.js'

const ROUNDS = 9
const CALLS = 200
const QUESTION = 'Why is the sky blue? '.repeat(4)
const VARIABLES = { tone: 'friendly' }

/** What an agent adds to the calls one would write by hand, and what traces add to it: processor time per run. */
export async function agentBench(): Promise<BenchRow[]> {
  const server = fork(fileURLToPath(new URL('llm/server-process.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] })
  const [{ ollama }] = (await once(server, 'message')) as [{ readonly ollama: string }]
  const client = new OllamaClient({ baseUrl: ollama })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const traces = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(NOWHERE)] })
  const plain = new Answering({ llm: client, manager: MANAGER })
  const traced = new Answering({ llm: client, manager: MANAGER })
  traceAgents(traced, { tracer: traces.getTracer('bench') })
  const micros = await compare({
    hand: () => byHand(client),
    agent: () => plain.execute(QUESTION, { subject: 'user-7' }),
    traced: () => traced.execute(QUESTION, { subject: 'user-7' }),
  })
  server.disconnect()
  const row = (measure: string, own: number, reach: number): BenchRow => ({
    measure,
    ours: `${significant(own)} µs`,
    beside: `${significant(micros.hand)} µs`,
    ratio: own / micros.hand,
    reach,
    atMost: true,
  })
  return [
    row('a run of an agent beside the same calls by hand, processor time', micros.agent, 1.15),
    row('the same with OpenTelemetry on', micros.traced, 1.4),
  ]
}

/** What an exporter does with its batches is not measured: it runs beside the requests. */
const NOWHERE: SpanExporter = { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} }

const PROMPT = {
  name: 'greeting',
  version: 1,
  revision: 1,
  type: 'text',
  model: null,
  parameters: {},
  source: 'memory',
  selection: { label: 'production', version: 1, reason: 'label' },
  compile: ({ tone }: { tone: string }) => `Answer in a ${tone} tone.`,
} as unknown as Prompt
const MODEL = {
  provider: 'ollama',
  model: 'qwen3:14b',
  version: 1,
  revision: 1,
  parameters: { temperature: 0 },
  fallbacks: [],
  source: 'memory',
} as unknown as ModelConfig
const MANAGER = { getPrompt: async () => PROMPT, getModelConfig: async () => MODEL }

class Answering extends (BaseAgent as typeof Agent)<string, string> {
  readonly name = 'answering'
  protected override promptName = 'greeting'
  protected override async run(question: string, run: RunContext): Promise<string> {
    const system = await this.getPrompt(VARIABLES, { context: run })
    const { text } = await this.chat({ messages: messagesOf(system, question) }, run)
    return text
  }
}

/** The same two reads and the same call, without a run, an event and a walk. */
async function byHand(client: Client): Promise<string> {
  const prompt = await MANAGER.getPrompt()
  const { model, parameters } = await MANAGER.getModelConfig()
  const system = prompt.compile(VARIABLES) as string
  const { text } = await client.chat({ model, messages: messagesOf(system, QUESTION), temperature: parameters.temperature as number })
  return text
}

function messagesOf(system: string, question: string) {
  return [
    { role: 'system', content: system },
    { role: 'user', content: question },
  ] as const
}

async function compare<Name extends string>(contenders: Record<Name, () => Promise<string>>): Promise<Record<Name, number>> {
  const names = Object.keys(contenders) as Name[]
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>
  for (let round = -1; round < ROUNDS; round += 1) {
    // The order changes from round to round: nobody always runs after the same neighbour.
    for (let place = 0; place < names.length; place += 1) {
      const name = names[(place + round + 1) % names.length] as Name
      const before = process.cpuUsage()
      for (let time = 0; time < CALLS; time += 1) if ((await contenders[name]()) === '') throw new Error(`${name} gave no text.`)
      const { user, system } = process.cpuUsage(before)
      // The first round warms up.
      if (round >= 0) samples[name].push((user + system) / CALLS)
    }
  }
  const middle = (values: number[]) => values.sort((one, other) => one - other)[ROUNDS >> 1] as number
  return Object.fromEntries(names.map((name) => [name, middle(samples[name])])) as Record<Name, number>
}
