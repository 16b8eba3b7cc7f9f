import type { Prompt, PromptContent } from '../entities/prompt.js'
import { fallbackPrompt, promptFor } from '../kinds/prompt-view.js'
import { deepFreeze } from '../shared/json.js'
import type { CompileArguments, CompiledBy, PromptDefinition } from '../template/prompt-definition.js'
import { templateTypeOf } from '../template/template-type.js'

/** A prompt whose variables the compiler and the definition's schema check. */
export type DefinedPrompt<Variables, Compiled = unknown> = Omit<Prompt, 'compile'> & {
  /**
   * Fills in the template with variables that fit the definition's schema.
   *
   * @throws {TemplateVariableError} when the schema refuses them, or the template needs others
   */
  compile(...args: CompileArguments<Variables>): CompiledBy<Compiled>
}

/** A prompt with the definition of the code that asks for it: one view for each pair, shared by everybody. */
export class DefinedPrompts {
  readonly #views = new WeakMap<PromptDefinition, WeakMap<Prompt, Prompt>>()

  of(definition: PromptDefinition, prompt: Prompt): Prompt {
    let views = this.#views.get(definition)
    if (!views) {
      views = new WeakMap()
      this.#views.set(definition, views)
    }
    let view = views.get(prompt)
    if (!view) {
      view = promptFor(definition, prompt)
      views.set(prompt, view)
    }
    return view
  }

  /** Served while the store has no such prompt; `undefined` when the definition has no fallback. */
  fallbackOf(definition: PromptDefinition, project: string, label: string): Prompt | undefined {
    const { name, fallback, templateFormat, type } = definition
    if (fallback === undefined) return undefined
    const content: PromptContent = deepFreeze({
      id: 0,
      project,
      name,
      version: 0,
      type: templateTypeOf(fallback, type),
      template: structuredClone(fallback),
      templateFormat,
      description: null,
      model: null,
      parameters: {},
      createdBy: null,
      createdAt: new Date(0).toISOString(),
    })
    return this.of(definition, fallbackPrompt(content, label))
  }
}
