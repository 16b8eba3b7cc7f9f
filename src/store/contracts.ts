import type { PromptContent } from '../entities/prompt.js'
import { InvalidArgumentError, TemplateVariableError } from '../shared/errors.js'
import { droppedVariables, contractProblems } from '../template/contract.js'
import { parseTemplate } from '../template/parse-template.js'
import type { PromptDefinition } from '../template/prompt-definition.js'

/** What the code of this process gives to prompts, by name: a version that does not fit must not be served to it. */
export class Contracts {
  readonly #definitions = new Map<string, PromptDefinition>()

  register(definition: PromptDefinition): void {
    this.#definitions.set(definition.name, definition)
  }

  has(name: string): boolean {
    return this.#definitions.has(name)
  }

  /**
   * @throws {InvalidArgumentError} when the version is text and the code takes messages, or the reverse
   * @throws {TemplateVariableError} when the version needs a variable that the code does not give, or does without one that it requires
   */
  check(content: PromptContent): void {
    const definition = this.#definitions.get(content.name)
    if (definition === undefined) return
    const { type } = definition
    if (type !== undefined && type !== content.type) {
      throw new InvalidArgumentError(
        'type',
        `of version ${content.version} of prompt "${content.name}" is ${content.type}, and the code that registered the prompt takes ${type}. ` +
          MENDS,
      )
    }
    const template = parseTemplate(content.template, content.templateFormat)
    this.#refuse(content, 'needs', contractProblems(definition, template), 'does not give')
    this.#refuse(content, 'does without', droppedVariables(definition, template), 'requires')
  }

  #refuse({ name, version }: PromptContent, verb: string, variables: readonly string[], says: string): void {
    if (variables.length === 0) return
    const shown = variables.map((variable) => `"${variable}"`).join(', ')
    throw new TemplateVariableError(
      `Version ${version} of prompt "${name}" ${verb} ${shown}, which the code that registered the prompt ${says}. ${MENDS}`,
      variables,
    )
  }
}

const MENDS = 'Deploy code that fits, change the template, or pass force: true.'
