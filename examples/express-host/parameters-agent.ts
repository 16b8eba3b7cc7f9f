import { BaseAgent, type RunContext } from 'agent-config'
import * as v from 'valibot'

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
const Parameters = v.object({ time_frame: v.nullable(v.string()), domain: v.nullable(v.string()), query_keys: v.array(v.string()) })

/** Extracts search parameters from a question. Prompt and model can be changed while it runs. */
export class ParametersAgent extends BaseAgent<string, v.InferOutput<typeof Parameters>> {
  readonly name = 'parameters'
  protected override promptName = 'parameter_extraction'

  protected async run(text: string, context: RunContext): Promise<v.InferOutput<typeof Parameters>> {
    const system = await this.getPrompt(RULES, { context })
    const messages = [{ role: 'system', content: system } as const, { role: 'user', content: text } as const]
    return (await this.chatJSON(Parameters, { messages }, context)).value
  }

  protected override fallbackPrompt(name: string): string | undefined {
    return name === this.promptName ? FALLBACK_PROMPT : undefined
  }
}
