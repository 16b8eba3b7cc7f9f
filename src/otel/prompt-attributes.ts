import type { Prompt } from '../entities/prompt.js'
import { known, type OtelAttributes } from './otel-types.js'

/** The parts of a prompt that attributes are made of; every `Prompt` has them. */
export type NamedPrompt = Pick<Prompt, 'name' | 'version' | 'source' | 'selection'>

/**
 * Which prompt a span is about, for hosts that call their provider themselves: by the conventions for generative AI, and in the words that
 * Langfuse links a prompt by. A prompt that came from the code has a name and no version.
 *
 * @example
 * ```ts
 * const prompt = await manager.getPrompt('greeting')
 * const attributes = prompt && promptAttributes(prompt) // { 'gen_ai.prompt.name': 'greeting', 'gen_ai.prompt.version': '3', … }
 * ```
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
export function promptAttributes({ name, version, source, selection }: NamedPrompt): OtelAttributes {
  const isStored = source !== 'fallback'
  return known({
    'gen_ai.prompt.name': name,
    'gen_ai.prompt.version': isStored ? String(version) : undefined,
    'agent_config.prompt.label': isStored ? selection.label : undefined,
    'agent_config.prompt.rollout': selection.rolloutId,
    'agent_config.prompt.source': source,
    'langfuse.observation.prompt.name': isStored ? name : undefined,
    'langfuse.observation.prompt.version': isStored ? version : undefined,
  })
}
