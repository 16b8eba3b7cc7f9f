import * as v from 'valibot'

const integer = v.pipe(v.number(), v.integer())
const between = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))

/** Thirteen rules for the values of config/. */
export const validators = {
  DATABASE_URL: v.pipe(v.string(), v.description('Where PostgreSQL is.')),
  OLLAMA_HOST: v.pipe(v.string(), v.description('Where Ollama is.')),
  DATABASE_SCHEMA: v.optional(v.string(), 'agent_loggy'),
  DEFAULT_MODEL: v.optional(v.string(), 'ollama:qwen3:14b'),
  LLM_TIMEOUT_SECONDS: v.optional(integer, 120),
  SESSION_TIMEOUT_MINUTES: v.optional(between(5, 1440), 30),
  MAX_CONTEXT_MESSAGES: v.optional(between(5, 100), 20),
  MAX_LOG_BYTES: v.optional(integer, 524288),
  REDIS_URL: v.optional(v.string(), 'redis://localhost:6379/0'),
  REDIS_CACHE_TTL_SECONDS: v.optional(integer, 300),
  CHUNK_SIZE: v.optional(between(128, 4096), 512),
  CHUNK_OVERLAP: v.optional(between(0, 256), 50),
  LOG_LEVEL: v.optional(v.picklist(['DEBUG', 'INFO', 'WARNING', 'ERROR']), 'INFO'),
}

/** The other settings of the files in config/, so that none of them is an unknown key. */
const others = {
  APP_NAME: v.optional(v.string(), 'agent-loggy'),
  DEBUG: v.optional(v.boolean(), false),
  MAX_RETRIES: v.optional(integer, 3),
  REDIS_CONFIG_CHANNEL: v.optional(v.string(), 'config:invalidate'),
  REDIS_PASSWORD: v.optional(v.string()),
  EMBEDDING_MODEL: v.optional(v.string()),
  CHUNKING_STRATEGY: v.optional(v.string()),
  RERANKER_MODEL: v.optional(v.string()),
  RERANKER_TOP_K: v.optional(integer),
  ANALYSIS_DIR: v.optional(v.string()),
  FEATURE_FLAGS_ENABLED: v.optional(v.boolean(), false),
  FEATURE_FLAGS_PROVIDER: v.optional(v.string()),
  FEATURE_FLAGS: v.optional(v.record(v.string(), v.boolean()), {}),
  PROMPTS: v.optional(v.record(v.string(), v.string()), {}),
  MODEL_CONFIGS: v.optional(v.record(v.string(), v.unknown()), {}),
}

export const schema = v.object({ ...validators, ...others })

/** Options that read the files as Dynaconf would. */
export const options = {
  schema,
  prefix: 'AGENTLOGGY',
  environmentVariable: 'ENV_FOR_DYNACONF',
  environments: ['local', 'staging', 'prod'],
  fresh: ['PROMPTS', 'MODEL_CONFIGS', 'FEATURE_FLAGS'],
} as const
