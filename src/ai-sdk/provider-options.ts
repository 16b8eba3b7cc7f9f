import { recordOf } from '../llm/wire-values.js'

/** OpenAI's and Anthropic's own words for options that the AI SDK's providers know by other ones. */
const KNOWN =
  /^(?:reasoning_effort|reasoning_summary|parallel_tool_calls|service_tier|logit_bias|top_logprobs|max_completion_tokens|max_tool_calls|prompt_cache_key|prompt_cache_retention|safety_identifier|previous_response_id|text_verbosity|strict_json_schema|cache_control|budget_tokens|safety_settings|thinking_config|thinking_budget|include_thoughts)$/

/** Providers that read their options under a name that is not the first word of theirs. */
const ALIASES: { readonly [word: string]: string } = { 'amazon-bedrock': 'bedrock', vertex: 'google', azure: 'openai' }

/**
 * Options of a request, under the names that an AI SDK provider may look for.
 *
 * Names that stored configurations have from OpenAI's own interface become the AI SDK's: `reasoning_effort` is
 * `reasoningEffort` there. Others in that spelling go as they are, with a warning: a provider that does not know one ignores
 * it without a word.
 */
export function providerOptionsOf(
  given: { readonly [name: string]: unknown } | undefined,
  names: readonly string[],
): { readonly options: Record<string, Record<string, unknown>> | undefined; readonly warnings: string[] } {
  const warnings: string[] = []
  const known = new Set(names.flatMap((name) => [name, ALIASES[name] ?? name]))
  const own: Record<string, unknown> = {}
  const named: Record<string, Record<string, unknown>> = {}
  for (const [name, value] of Object.entries(given ?? {})) {
    if (known.has(name) && recordOf(value)) named[name] = recordOf(value) as Record<string, unknown>
    else {
      own[KNOWN.test(name) ? camelCase(name) : name] = inTheirWords(value)
      if (name.includes('_') && !KNOWN.test(name))
        warnings.push(`The option "${name}" was passed on as it is; a provider of the AI SDK may ignore it.`)
    }
  }
  if (given === undefined || Object.keys(given).length === 0) return { options: undefined, warnings }
  return { options: Object.fromEntries([...known].map((name) => [name, { ...own, ...named[name] }])), warnings }
}

/** Objects of options (`thinking: { budget_tokens }`) have the same words inside. */
function inTheirWords(value: unknown): unknown {
  const fields = recordOf(value)
  if (fields === undefined) return value
  return Object.fromEntries(Object.entries(fields).map(([name, inner]) => [KNOWN.test(name) ? camelCase(name) : name, inner]))
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
