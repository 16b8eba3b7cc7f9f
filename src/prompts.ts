/**
 * Prompts alone: declared, rendered and linted, without a database or a manager. Runs in a browser.
 *
 * @packageDocumentation
 */

export type { Message, MessageContent, MessagePart, MessageRole } from './entities/message.js'
export type { CompileOptions } from './entities/prompt.js'
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
export { isConfigError, TemplateSyntaxError, TemplateVariableError } from './shared/errors.js'
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
