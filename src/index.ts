/** The main door: every public name, listed by hand. */
export type { AgentManager, AgentOutcomes, AgentQuery } from './agent/agent-manager.js'
export type { AgentCallOptions, AgentModel, AgentOptions, AgentReadOptions } from './agent/agent-options.js'
export type { AgentSettings, AgentSettingValues } from './agent/agent-settings.js'
export { BaseAgent } from './agent/base-agent.js'
export type { JsonAnswer } from './agent/chat-json.js'
export type { AgentRequest, ModelChoice } from './agent/model-choice.js'
export type { ExecuteOptions, RunContext } from './agent/run-context.js'
export type { AgentEvents, AgentStreamEvent, RunAttempt, RunEvent, RunModel, RunPrompt } from './agent/run-event.js'
export type { CallObservation, ObservedCall, RunObservation, RunObserver, ToolObservation } from './agent/run-observer.js'
export type { AgentTool, AgentTools, ToolAnswer, ToolRequest } from './agent/tool-loop.js'
export { type RunSpan, type RunTracer, traceRuns } from './agent/trace-runs.js'
export type { RedisLike } from './cache/redis/redis-like.js'
export type { RedisClusterTopology, RedisNode, RedisSentinelTopology, RedisTopology } from './cache/redis/redis-topology.js'
export type { ChangeType, ConfigChange } from './entities/config-change.js'
export type { BuiltInKind, ConfigKind, LabelledKind } from './entities/config-kind.js'
export type {
  ConfigTypes,
  ContextName,
  EmbeddingName,
  EntryName,
  FlagName,
  LabelName,
  ModelName,
  PromptName,
  TemplateValue,
} from './entities/config-types.js'
export type { ContextRule } from './entities/context-rule.js'
export type { EmbeddingConfig } from './entities/embedding-config.js'
export type { Entry, EntryContent } from './entities/entry.js'
export type { Flag, FlagContent, FlagDetails, FlagValue } from './entities/flag.js'
export type {
  ArmReport,
  Guard,
  GuardFinding,
  GuardMetric,
  GuardVerdict,
  MetricReport,
  RolloutReport,
} from './entities/guard.js'
export type { Json, JsonObject } from './entities/json.js'
export {
  type CacheMark,
  type FilePart,
  type ImagePart,
  MESSAGE_ROLES,
  type Message,
  type MessageContent,
  type MessagePart,
  type MessageRole,
  type OpaquePart,
  type PartFields,
  type ProviderFields,
  type ProviderRecord,
  type ReasoningPart,
  type TextPart,
  type ToolCall,
} from './entities/message.js'
export type { ModelConfig, ModelFallback } from './entities/model-config.js'
export type { ModelPrices } from './entities/model-prices.js'
export type { ChatPrompt, CompileOptions, Prompt, TextPrompt } from './entities/prompt.js'
export type { Rollout, RolloutArm, RolloutConditions, RolloutStatus, RolloutStep } from './entities/rollout.js'
export type { Selection, SelectionReason } from './entities/selection.js'
export type { Provenance, Source } from './entities/source.js'
export type {
  ChatContentTemplate,
  ChatMediaTemplate,
  ChatMessage,
  ChatMessageTemplate,
  ChatOpaqueTemplate,
  ChatPartTemplate,
  ChatPlaceholder,
  ChatRole,
  ChatTemplateFields,
  ChatTextTemplate,
  TemplateFormat,
  TemplateType,
} from './entities/template.js'
export type { ChangelogHooks, GroupMeta, Receipt, WriteFacts, WriteMeta, Written } from './entities/written.js'
export { defineKind, type Kind, type KindOptions } from './kinds/define-kind.js'
export type { EmbeddingConfigDraft } from './kinds/embedding.js'
export type { EntryDraft } from './kinds/entry.js'
export type { FlagDraft } from './kinds/flag.js'
export type { ModelConfigDraft } from './kinds/model.js'
export type { PromptDraft } from './kinds/prompt.js'
export { assistantMessage } from './llm/assistant-message.js'
export type { HttpClientOptions } from './llm/client-options.js'
export {
  type ChatAnswer,
  type ChatPart,
  type ClientCall,
  defineLLMClient,
  type EmbedAnswer,
  type LLMClientDefinition,
} from './llm/define-llm-client.js'
export { type ExtractJsonOptions, extractJson } from './llm/extract-json.js'
export type {
  CallOptions,
  CallTimeouts,
  CallTimings,
  ChatDelta,
  ChatEvent,
  ChatRequest,
  ChatResult,
  EmbedRequest,
  EmbedResult,
  FinishReason,
  JsonSchema,
  LLMClient,
  LLMHealth,
  ModelInfo,
  SamplingOptions,
  TokenUsage,
  ToolChoice,
  ToolDefinition,
} from './llm/llm-client.js'
export { LLMRegistry, type LLMRegistryOptions, type ResolvedModel } from './llm/llm-registry.js'
export type { CooledModel, ModelCooldown } from './llm/model-cooldown.js'
export { ollamaBaseUrl } from './llm/ollama-base-url.js'
export {
  type GenerateRequest,
  OllamaClient,
  type OllamaClientOptions,
  type OllamaModelDetails,
  type PullProgress,
} from './llm/ollama-client.js'
export { OpenAICompatibleClient, type OpenAICompatibleClientOptions } from './llm/openai-client.js'
export { toMessages } from './llm/to-messages.js'
export type { ConfigQuery, ContextRulesQuery, PromptQuery } from './manager/config-query.js'
export { ConfigurationManager } from './manager/configuration-manager.js'
export type { DeclaredChatPrompt, DeclaredTextPrompt, FlagNamed, PromptNamed } from './manager/declared-types.js'
export type { DefinedModel } from './manager/defined-models.js'
export type { DefinedPrompt } from './manager/defined-prompts.js'
export type { ConfigurationManagerEvents } from './manager/events.js'
export type { Exposure } from './manager/exposures.js'
export type { FlagValueLike } from './manager/flag-reads.js'
export { createConfigManager, getConfigManager, setConfigManager } from './manager/global-manager.js'
export type { GuardEvent } from './manager/judge.js'
export { KindHandle } from './manager/kind-handle.js'
export type { LabelledEntity, ManagedKind } from './manager/managed-kind.js'
export { type ConfigManagerOptions, MANAGER_DEFAULTS, type SettingsLike } from './manager/options.js'
export type { Outcome, Outcomes } from './manager/outcomes.js'
export type { PrefetchScope } from './manager/prefetch.js'
export type { Health, ManagerStats, Mismatch, VerifyReport } from './manager/report.js'
export { bucketOf } from './rollout/bucket.js'
export type { GuardSettings } from './rollout/guard.js'
export type { RolloutRamp, RolloutSettings } from './rollout/validate-rollout.js'
export {
  type Candidate,
  CONFIG_DEFAULTS,
  type Config,
  type ConfigHealth,
  type CreateConfigOptions,
  createConfig,
  type DescribedSetting,
  type Inspection,
  type ReloadResult,
  type SettingsRule,
  type TypedConfig,
} from './settings/index.js'
export {
  AlreadyExistsError,
  ChangedError,
  ConfigError,
  type ConfigErrorCode,
  ContentError,
  FileConflictError,
  FilesError,
  ForbiddenError,
  InUseError,
  InvalidArgumentError,
  isConfigError,
  LLMError,
  type LLMErrorFacts,
  type LLMErrorReason,
  type LLMTimeoutPhase,
  ManagerClosedError,
  MigrationError,
  NotFoundError,
  SettingsError,
  SettingsFileError,
  StoreUnavailableError,
  type StoreUnavailableReason,
  TemplateSyntaxError,
  TemplateVariableError,
  VersionConflictError,
} from './shared/errors.js'
export type { Logger } from './shared/logger.js'
export { isFilePart, isImagePart, isReasoningPart, isTextPart, messageText } from './shared/message-parts.js'
export { defineModel, type ModelDefinition, type ModelDefinitionOptions } from './shared/model-definition.js'
export type { SchemaIssue, SchemaResult, StandardSchema } from './shared/standard-schema.js'
export type { KyselyLike } from './store/postgres/open-database.js'
export type { PoolClientLike, PoolLike } from './store/postgres/pool.js'
export type { Page } from './store/read/cursor.js'
export type { ContentDiff, DiffLine, FieldDiff } from './store/read/diff.js'
export type { SearchIn } from './store/read/search-condition.js'
export { type ChangelogQuery, ChangelogRepository } from './store/repositories/changelog-repository.js'
export { type ContextRuleDraft, type ContextRuleListQuery, ContextRuleRepository } from './store/repositories/context-rule-repository.js'
export { EmbeddingConfigRepository } from './store/repositories/embedding-config-repository.js'
export { FlagRepository } from './store/repositories/flag-repository.js'
export { KindRepository } from './store/repositories/kind-repository.js'
export { ModelConfigRepository } from './store/repositories/model-config-repository.js'
export { PromptRepository } from './store/repositories/prompt-repository.js'
export type { Repositories } from './store/repositories/repositories.js'
export {
  type RolloutConclusion,
  type RolloutListQuery,
  RolloutRepository,
  type RolloutResumption,
  type RolloutStart,
} from './store/repositories/rollout-repository.js'
export type { RepositoryDatabase, RepositoryOptions } from './store/write/open-recorder.js'
export type { PruneOptions, PruneReport } from './store/write/prune.js'
export type { Purge } from './store/write/purge.js'
export type {
  Activation,
  Copy,
  CountQuery,
  Deactivation,
  DiffQuery,
  FindQuery,
  HistoryQuery,
  LabelRemoval,
  ListQuery,
  Promotion,
  Rollback,
} from './store/write/requests.js'
export type { Authorize, AuthorizeRequest } from './store/write/write-policy.js'
export { definePrompt } from './template/define-prompt.js'
export { lintTemplate } from './template/lint-template.js'
export type {
  CompileArguments,
  CompiledBy,
  PromptDefinition,
  PromptDefinitionOptions,
  TextMessageTemplate,
} from './template/prompt-definition.js'
export { type RenderTemplateOptions, renderTemplate } from './template/render-template.js'
