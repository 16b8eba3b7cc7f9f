import type { ConfigTypes } from '../entities/config-types.js'
import type { FlagValue } from '../entities/flag.js'
import type { ChatPrompt, Prompt, TextPrompt } from '../entities/prompt.js'
import type { ChatMessage } from '../entities/template.js'
import type { CompileArguments } from '../template/prompt-definition.js'

/** A text prompt whose variables the compiler knows from the generated file. */
export interface DeclaredTextPrompt<Variables> extends Omit<TextPrompt, 'compile'> {
  /**
   * Fills in the template.
   *
   * @throws {TemplateVariableError} when variables are missing; it names all of them
   */
  compile(...args: CompileArguments<Variables>): string
}

/** A chat prompt whose variables the compiler knows from the generated file. */
export interface DeclaredChatPrompt<Variables> extends Omit<ChatPrompt, 'compile'> {
  /**
   * Fills in the messages of the template, and puts the caller's own in the places of its placeholders.
   *
   * @throws {TemplateVariableError} when variables are missing; it names all of them
   */
  compile(...args: CompileArguments<Variables>): ChatMessage[]
}

/** The prompt of a name, as the generated file declares it; any prompt where there is no such file. */
export type PromptNamed<Name> = ConfigTypes extends { readonly prompts: infer Prompts }
  ? Name extends keyof Prompts
    ? DeclaredPrompt<Prompts[Name]>
    : Prompt
  : Prompt

type DeclaredPrompt<Shape> = Shape extends { readonly type: 'text'; readonly variables: infer Variables }
  ? DeclaredTextPrompt<Variables>
  : Shape extends { readonly type: 'chat'; readonly variables: infer Variables }
    ? DeclaredChatPrompt<Variables>
    : Prompt

/** What the flag of a name may be, as the generated file declares it. */
export type FlagNamed<Name> = ConfigTypes extends { readonly flags: infer Flags }
  ? Name extends keyof Flags
    ? Extract<Flags[Name], FlagValue>
    : FlagValue
  : FlagValue
