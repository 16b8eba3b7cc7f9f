import type { PromptContent } from '../entities/prompt.js'
import { TemplateVariableError } from '../shared/errors.js'
import { contractProblems } from '../template/contract.js'
import { parseTemplate } from '../template/parse-template.js'
import type { PromptDefinition } from '../template/prompt-definition.js'

/** What the code of this process gives to prompts, by name: a version that needs more must not be served to it. */
export class Contracts {
  readonly #definitions = new Map<string, PromptDefinition>()

  register(definition: PromptDefinition): void {
    this.#definitions.set(definition.name, definition)
  }

  has(name: string): boolean {
    return this.#definitions.has(name)
  }

  /** The variables a version needs and the code does not give. */
  problemsOf(content: PromptContent): readonly string[] {
    const definition = this.#definitions.get(content.name)
    return definition ? contractProblems(definition, parseTemplate(content.template, content.templateFormat)) : []
  }

  /** @throws {TemplateVariableError} when the version needs a variable that the code does not give */
  check(content: PromptContent): void {
    const problems = this.problemsOf(content)
    if (problems.length === 0) return
    throw new TemplateVariableError(
      `Version ${content.version} of prompt "${content.name}" needs ${problems.map((name) => `"${name}"`).join(', ')}, which the code ` +
        'that registered the prompt does not give. Deploy code that does, change the template, or pass force: true.',
      problems,
    )
  }
}
