import type { JsonObject } from '../entities/json.js'
import type { ChatRequest } from '../llm/llm-client.js'

type Sampling = Partial<ChatRequest>

/** Stored names, Ollama's, OpenAI's and ours, and the field of a request that each means. */
const FIELDS: Readonly<Record<string, keyof ChatRequest>> = {
  temperature: 'temperature',
  topP: 'topP',
  top_p: 'topP',
  topK: 'topK',
  top_k: 'topK',
  maxOutputTokens: 'maxOutputTokens',
  max_output_tokens: 'maxOutputTokens',
  max_completion_tokens: 'maxOutputTokens',
  max_tokens: 'maxOutputTokens',
  num_predict: 'maxOutputTokens',
  stopSequences: 'stopSequences',
  stop: 'stopSequences',
  seed: 'seed',
  presencePenalty: 'presencePenalty',
  presence_penalty: 'presencePenalty',
  frequencyPenalty: 'frequencyPenalty',
  frequency_penalty: 'frequencyPenalty',
  reasoning: 'reasoning',
  think: 'reasoning',
}

/** Whether every client knows a parameter of this name. */
export function isSamplingParameter(name: string): boolean {
  return Object.hasOwn(FIELDS, name)
}

/** Stored parameters as fields of a request; those that no field stands for go to the provider unchanged. */
export function requestParameters(parameters: JsonObject = {}): Sampling {
  const fields: Record<string, unknown> = {}
  const providerOptions: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(parameters)) {
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined
    if (value === null) continue
    if (field === undefined) providerOptions[name] = value
    else fields[field] = field === 'stopSequences' && typeof value === 'string' ? [value] : value
  }
  return { ...fields, ...(Object.keys(providerOptions).length > 0 && { providerOptions }) }
}

/** A request over the parameters of a model; the provider's own options of both are kept. */
export function withParameters(request: Omit<ChatRequest, 'model'>, model: string, parameters: JsonObject | undefined): ChatRequest {
  const defaults = requestParameters(parameters)
  const providerOptions = { ...defaults.providerOptions, ...request.providerOptions }
  return { ...defaults, ...request, model, ...(Object.keys(providerOptions).length > 0 && { providerOptions }) }
}
