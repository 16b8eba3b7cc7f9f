import type { RunPrompt } from '../agent/run-event.js'
import type { ObservedCall } from '../agent/run-observer.js'
import type { ChatResult, EmbedResult, TokenUsage } from '../llm/llm-client.js'
import { known, type OtelAttributes } from './otel-types.js'

/** The attributes of a call that are known before it is made. */
export function requestAttributes({ operation, provider, model, request, isStreamed, prompt }: ObservedCall): OtelAttributes {
  return known({
    'gen_ai.operation.name': operation,
    'gen_ai.provider.name': provider,
    'gen_ai.request.model': model,
    'gen_ai.request.stream': isStreamed ? true : undefined,
    'gen_ai.request.temperature': request?.temperature,
    'gen_ai.request.top_p': request?.topP,
    'gen_ai.request.top_k': request?.topK,
    'gen_ai.request.max_tokens': request?.maxOutputTokens,
    'gen_ai.request.stop_sequences': request?.stopSequences && [...request.stopSequences],
    'gen_ai.request.seed': request?.seed,
    'gen_ai.request.presence_penalty': request?.presencePenalty,
    'gen_ai.request.frequency_penalty': request?.frequencyPenalty,
    'gen_ai.output.type': request?.responseFormat?.type,
    ...runPromptAttributes(prompt),
  })
}

/** The attributes of an answer. */
export function resultAttributes(result: ChatResult | EmbedResult): OtelAttributes {
  return known({
    'gen_ai.response.model': result.model,
    'gen_ai.response.finish_reasons': 'finishReason' in result ? [result.finishReason] : undefined,
    'gen_ai.embeddings.dimension.count': 'embeddings' in result ? result.embeddings[0]?.length : undefined,
    ...usageAttributes(result.usage),
  })
}

/** Tokens; what the provider does not tell is absent. */
export function usageAttributes(usage: TokenUsage): OtelAttributes {
  return known({
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens,
    'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens,
  })
}

/** The prompt of a run, or of one call of it. */
export function runPromptAttributes(prompt: RunPrompt | undefined): OtelAttributes {
  return known({
    'gen_ai.prompt.name': prompt?.name,
    'gen_ai.prompt.version': prompt?.version === undefined ? undefined : String(prompt.version),
  })
}
