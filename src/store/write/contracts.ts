import type { LabelledKind } from '../../entities/config-kind.js'
import type { ModelConfigContent } from '../../entities/model-config.js'
import type { PromptContent } from '../../entities/prompt.js'
import { InvalidArgumentError, TemplateVariableError } from '../../shared/errors.js'
import { checkedParameters, type ModelDefinition } from '../../shared/model-definition.js'
import { contractProblems, droppedVariables } from '../../template/contract.js'
import { parseTemplate } from '../../template/parse-template.js'
import type { PromptDefinition } from '../../template/prompt-definition.js'

/**
 * The contracts of this process's code, by name: the variables it gives to prompts, and the parameters it takes of models. A version that
 * does not fit gets no label.
 */
export class Contracts {
  readonly #definitions = new Map<string, PromptDefinition>()
  readonly #models = new Map<string, ModelDefinition>()

  register(definition: PromptDefinition): void {
    this.#definitions.set(definition.name, definition)
  }

  registerModel(definition: ModelDefinition): void {
    this.#models.set(definition.name, definition)
  }

  has(kind: LabelledKind, name: string): boolean {
    return (kind === 'prompt' && this.#definitions.has(name)) || (kind === 'model' && this.#models.has(name))
  }

  /**
   * @throws {InvalidArgumentError} when a prompt is text and the code takes messages, or the reverse; when the parameters of a model
   *   configuration do not fit the schema of the code that uses it
   * @throws {TemplateVariableError} when a prompt needs a variable that the code does not give, or does without one that it requires
   */
  check(kind: LabelledKind, content: unknown): void {
    if (kind === 'prompt') this.#checkPrompt(content as PromptContent)
    if (kind === 'model') this.#checkModel(content as ModelConfigContent)
  }

  #checkPrompt(content: PromptContent): void {
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

  #checkModel({ name, version, parameters }: ModelConfigContent): void {
    const definition = this.#models.get(name)
    const checked = definition && checkedParameters(definition, parameters)
    if (checked === undefined || !('problem' in checked)) return
    throw new InvalidArgumentError(
      'parameters',
      `of version ${version} of model config "${name}" do not fit the code that registered it: ${checked.problem}. ${MENDS}`,
    )
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

const MENDS = 'Deploy code that fits, write a version that does, or pass force: true.'
