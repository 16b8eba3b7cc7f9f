import { ollamaBaseUrl } from '../llm/ollama-base-url.js'
import { OllamaClient } from '../llm/ollama-client.js'
import type { SettingsLike } from '../manager/options.js'
import { InvalidArgumentError } from '../shared/errors.js'

/** Where an agent looks its settings up: a Config of `createConfig()`, or an object that holds them, such as the environment. */
export type AgentSettings = SettingsLike | AgentSettingValues

/** The settings an agent reads. */
export interface AgentSettingValues {
  /** The model when the database has none: `ollama:qwen3:14b`. */
  readonly DEFAULT_MODEL?: unknown
  /** Where Ollama runs; the scheme may be missing, and 0.0.0.0 means 127.0.0.1. */
  readonly OLLAMA_HOST?: unknown
  /** Bounds each call to a model, in seconds. @default 120 */
  readonly LLM_TIMEOUT_SECONDS?: unknown
  /** How often a failed call is sent again. @default 2 */
  readonly MAX_RETRIES?: unknown
}

const DEFAULT_TIMEOUT_SECONDS = 120

/** Reads one setting, from a `Config` or from an object. */
export function settingOf(settings: AgentSettings, name: keyof AgentSettingValues): unknown {
  return 'get' in settings && typeof settings.get === 'function' ? settings.get(name) : (settings as AgentSettingValues)[name]
}

/** The client of an agent that was given none. @throws {InvalidArgumentError} for settings that are no numbers */
export function defaultClient(settings: AgentSettings): OllamaClient {
  const host = settingOf(settings, 'OLLAMA_HOST')
  const retries = numberIn(settings, 'MAX_RETRIES')
  return new OllamaClient({
    ...(typeof host === 'string' && host !== '' && { baseUrl: ollamaBaseUrl(host) }),
    ...(retries !== undefined && { maxRetries: retries }),
    timeout: (numberIn(settings, 'LLM_TIMEOUT_SECONDS') ?? DEFAULT_TIMEOUT_SECONDS) * 1_000,
  })
}

/** Environment variables are text, settings files have numbers. */
function numberIn(settings: AgentSettings, name: 'LLM_TIMEOUT_SECONDS' | 'MAX_RETRIES'): number | undefined {
  const value = settingOf(settings, name)
  if (value === undefined || value === '') return undefined
  const number = Number(value)
  if (!(number >= 0)) throw new InvalidArgumentError(name, `must be a number from 0; got ${JSON.stringify(value)}`)
  return number
}
