export { type DotpromptFile, importDotprompt } from './dotprompt.js'
export type { Imported, ImportedEntity, ImportedPrompt, ImportLoss } from './imported.js'
export { importLangfuse } from './langfuse.js'
export { importOpenAIPrompts } from './openai-prompts.js'
