import type { Message } from '../entities/message.js'
import type { ChatMessage, ChatMessageTemplate } from '../entities/template.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { contractProblems } from './contract.js'
import { parseTemplate } from './parse-template.js'
import type { PromptDefinition, PromptDefinitionOptions, TextMessageTemplate } from './prompt-definition.js'
import { templateTypeOf } from './template-type.js'

/**
 * Names a prompt in code, with the variables it is given: the compiler and the schema then check every `compile`, and a manager that
 * registered the definition refuses to promote a version that needs more, drops what the schema requires, or is of the other type.
 *
 * @throws {TemplateSyntaxError} when the fallback does not parse
 * @throws {InvalidArgumentError} when the name is empty, the type does not fit the fallback, or the fallback needs a variable that the
 * schema does not give
 *
 * @example
 * ```ts
 * const Extraction = definePrompt({
 *   name: 'parameter_extraction',
 *   variables: v.object({ text: v.string(), allowedKeys: v.array(v.string()) }),
 *   fallback: 'Extract parameters from: {text}\nAllowed: {allowedKeys}',
 * })
 * ```
 */
export function definePrompt<Variables extends object = Record<string, unknown>>(
  options: PromptDefinitionOptions<Variables> & { readonly fallback: string; readonly type?: 'text' },
): PromptDefinition<Variables, string> & { readonly fallback: string }
export function definePrompt<Variables extends object = Record<string, unknown>>(
  options: PromptDefinitionOptions<Variables> & { readonly fallback: readonly TextMessageTemplate[]; readonly type?: 'chat' },
): PromptDefinition<Variables, ChatMessage[]> & { readonly fallback: readonly ChatMessageTemplate[] }
export function definePrompt<Variables extends object = Record<string, unknown>>(
  options: PromptDefinitionOptions<Variables> & { readonly fallback: readonly ChatMessageTemplate[]; readonly type?: 'chat' },
): PromptDefinition<Variables, Message[]> & { readonly fallback: readonly ChatMessageTemplate[] }
export function definePrompt<Variables extends object = Record<string, unknown>>(
  options: PromptDefinitionOptions<Variables> & { readonly fallback: Fallback },
): PromptDefinition<Variables> & { readonly fallback: Fallback }
export function definePrompt<Variables extends object = Record<string, unknown>>(
  options: PromptDefinitionOptions<Variables> & { readonly fallback?: undefined; readonly type: 'text' },
): PromptDefinition<Variables, string>
export function definePrompt<Variables extends object = Record<string, unknown>>(
  options: PromptDefinitionOptions<Variables> & { readonly fallback?: undefined; readonly type: 'chat' },
): PromptDefinition<Variables, ChatMessage[]>
export function definePrompt<Variables extends object = Record<string, unknown>>(
  options: PromptDefinitionOptions<Variables>,
): PromptDefinition<Variables>
export function definePrompt<Variables extends object>(options: PromptDefinitionOptions<Variables>): PromptDefinition<Variables> {
  const { name, variables, fallback, templateFormat = 'f-string' } = options
  if (typeof name !== 'string' || name === '') throw new InvalidArgumentError('name', 'must be a string that is not empty')
  if (variables !== undefined && typeof variables['~standard']?.validate !== 'function') {
    throw new InvalidArgumentError(
      'variables',
      'must be a schema with the Standard Schema interface, of valibot, zod or arktype for example',
    )
  }
  const type = fallback === undefined ? options.type : templateTypeOf(fallback, options.type)
  const definition: PromptDefinition<Variables> = {
    name,
    ...(variables !== undefined && { variables }),
    ...(fallback !== undefined && { fallback }),
    ...(type !== undefined && { type }),
    templateFormat,
  }
  if (fallback !== undefined) {
    const [unknown] = contractProblems(definition, parseTemplate(fallback, templateFormat))
    if (unknown !== undefined)
      throw new InvalidArgumentError('fallback', `needs the variable "${unknown}", which the schema in variables does not give`)
  }
  return Object.freeze(definition)
}

type Fallback = NonNullable<PromptDefinition['fallback']>
