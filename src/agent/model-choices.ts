import type { JsonObject } from '../entities/json.js'
import type { Prompt } from '../entities/prompt.js'
import type { LLMRegistry } from '../llm/llm-registry.js'
import type { AgentModel } from './agent-options.js'
import type { ModelChoice } from './model-choice.js'
import { isSamplingParameter } from './model-parameters.js'

/**
 * The models to ask, in order: the prompt's own, the configured one, its fallbacks. The prompt's parameters go over those of each model;
 * options that only one provider understands (`num_ctx`) are sent to the provider of the first model alone.
 */
export function modelChoices(
  model: AgentModel,
  prompt: Pick<Prompt, 'model' | 'parameters'> | undefined,
  registry: LLMRegistry,
): readonly ModelChoice[] {
  const configured = [model, ...model.fallbacks]
  if (prompt === undefined) return configured
  const choices = prompt.model === null || prompt.model === '' ? configured : withOwnModel(prompt.model, configured, registry)
  const first = choices[0]!
  return choices.map(({ provider, model: name, parameters, prices }) => ({
    provider,
    model: name,
    ...(prices && { prices }),
    parameters: { ...parameters, ...(provider === first.provider ? prompt.parameters : samplingOf(prompt.parameters)) },
  }))
}

/** The prompt's model first; with its own parameters, when it is among the configured ones. */
function withOwnModel(named: string, configured: readonly ModelChoice[], registry: LLMRegistry): readonly ModelChoice[] {
  const { client, model } = registry.resolve(named)
  const isOwn = (choice: ModelChoice) => choice.provider === client.provider && choice.model === model
  const own = configured.find(isOwn) ?? { provider: client.provider, model }
  return [own, ...configured.filter((choice) => !isOwn(choice))]
}

function samplingOf(parameters: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => isSamplingParameter(name)))
}
