import { randomUUID } from 'node:crypto'
import { BaseAgent, type ConfigurationManager, type RunContext, type RunEvent } from 'agent-config'
import type { LLMClient, LLMRegistry } from 'agent-config/llm'
import * as v from 'valibot'

/** What the agent makes of a text. */
export const Parameters = v.object({
  time_frame: v.nullable(v.string()),
  domain: v.nullable(v.string()),
  query_keys: v.array(v.string()),
})
export type Parameters = v.InferOutput<typeof Parameters>

/** The prompt as the code knew it before there was a database, and knows it when the database has none. */
export const FALLBACK_PROMPT = `You are a strict parameter extractor. Answer with JSON: {{"time_frame": …, "domain": …, "query_keys": […]}}
Allowed query keys: {allowed_query_keys}
Never use: {excluded_query_keys}
Allowed domains: {allowed_domains}
Not these domains: {excluded_domains}`

const RULES = {
  allowed_query_keys: 'amount, merchant, msisdn, status, transaction_id',
  excluded_query_keys: 'password, pin',
  allowed_domains: 'payments, transactions, users',
  excluded_domains: 'internal',
}

/** Extracts search parameters from a question. Prompt and model can be changed while it runs. */
export class ParametersAgent extends BaseAgent<string, Parameters> {
  readonly name = 'parameters'
  protected override promptName = 'parameter_extraction'

  protected async run(text: string, context: RunContext): Promise<Parameters> {
    const system = await this.getPrompt(RULES, { context })
    const messages = [
      { role: 'system' as const, content: system },
      { role: 'user' as const, content: text },
    ]
    const { value } = await this.chatJSON(Parameters, { messages }, context)
    return value
  }

  protected override fallbackPrompt(name: string): string | undefined {
    return name === 'parameter_extraction' ? FALLBACK_PROMPT : undefined
  }
}

export type AgentService = ReturnType<typeof agentService>

/** The agent behind `POST /agents/parameters`: its answer also says which versions gave it. */
export function agentService(manager: ConfigurationManager, llm: readonly LLMClient[] | LLMRegistry) {
  const agent = new ParametersAgent({ manager, llm })
  return {
    async extractParameters(text: string, subject?: string) {
      const runId = randomUUID()
      let run: RunEvent | undefined
      const stop = agent.on('run', (event) => {
        if (event.runId === runId) run = event
      })
      try {
        const parameters = await agent.execute(text, { runId, ...(subject !== undefined && { subject }) })
        return {
          parameters,
          run_id: runId,
          prompt: shown(run?.prompt),
          model: shown(run?.model),
          duration_ms: Math.round(run?.durationMs ?? 0),
        }
      } finally {
        stop()
      }
    },
  }
}

function shown(used: RunEvent['prompt'] | RunEvent['model']) {
  if (!used) return null
  const { rolloutId, ...rest } = used as NonNullable<RunEvent['prompt']>
  return { ...rest, ...(rolloutId !== undefined && { rollout_id: rolloutId }) }
}
