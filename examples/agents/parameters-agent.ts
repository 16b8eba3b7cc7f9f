import * as v from 'valibot'
import { BaseAgent, type RunContext } from '../../src/index.js'

/** What a question about logs asks for. */
export const ParametersSchema = v.object({
  time_frame: v.nullable(v.string()),
  domain: v.picklist(['transactions', 'customer_accounts', 'payments', 'notifications']),
  query_keys: v.array(v.string()),
})

export type Parameters = v.InferOutput<typeof ParametersSchema>

const QUERY_KEYS = ['merchant', 'amount', 'transaction_id', 'customer_id', 'msisdn', 'bkash']

const PROMPT = `You turn a question about a service's logs into search parameters.
Answer with one JSON object and nothing else:
- "time_frame": the day or the range the question names, as YYYY-MM-DD or YYYY-MM-DD/YYYY-MM-DD, or null
- "domain": one of {allowed_domains}
- "query_keys": those of {allowed_query_keys} that the question is about`

/** Question → search parameters. Without a model it answers with the keys that the question names. */
export class ParametersAgent extends BaseAgent<string, Parameters> {
  readonly name = 'parameters'
  protected override promptName = 'parameter_extraction'

  protected override async run(question: string, context: RunContext): Promise<Parameters> {
    const variables = { allowed_domains: ParametersSchema.entries.domain.options.join(', '), allowed_query_keys: QUERY_KEYS.join(', ') }
    const system = await this.getPrompt(variables, { context })
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content: question },
    ] as const
    const { value } = await this.chatJSON(ParametersSchema, { messages, temperature: 0 }, context)
    return { ...value, query_keys: value.query_keys.filter((key) => QUERY_KEYS.includes(key)) }
  }

  protected override fallbackPrompt(name: string): string | undefined {
    return name === 'parameter_extraction' ? PROMPT : undefined
  }

  protected override fallback(question: string): Parameters {
    const words = question.toLowerCase()
    return { time_frame: null, domain: 'transactions', query_keys: QUERY_KEYS.filter((key) => words.includes(key.replace('_', ' '))) }
  }
}
