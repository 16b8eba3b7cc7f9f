import type { Prompt, PromptContent } from '../../entities/prompt.js'
import type { Written } from '../../entities/written.js'
import { PROMPT_KIND, type PromptDraft } from '../../kinds/prompt.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import type { PromptDefinition } from '../../template/prompt-definition.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from '../write/open-recorder.js'
import { type EnsureOptions, ensureMissing } from './ensure-missing.js'
import { LabelledRepository } from './labelled-repository.js'

/** Prompts: their versions and labels. */
export class PromptRepository extends LabelledRepository<PromptContent, Prompt, PromptDraft> {
  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    super(recorderOf(database, options), PROMPT_KIND, options)
  }

  /**
   * Writes the prompts that the store does not have, from their definitions' fallbacks. Safe to call at every start, from every worker.
   * A prompt that has versions, even if all are deactivated, is left alone.
   *
   * @throws {InvalidArgumentError} when a definition has no fallback
   */
  async ensure(
    definitions: readonly PromptDefinition[],
    options: EnsureOptions = {},
  ): Promise<Written<{ readonly created: readonly string[] }>> {
    return ensureMissing<PromptDraft>({
      recorder: this.recorder,
      drafts: definitions.map((definition, place) => draftOf(definition, `definitions[${place}]`)),
      options,
      defaultLabel: this.label,
      exists: (name) => this.exists(name),
      permit: (draft, labels) => this.permit('create', draft, labels),
      write: (draft) => this.creation(draft),
    })
  }
}

function draftOf(definition: PromptDefinition, field: string): PromptDraft {
  const { name, fallback, templateFormat } = definition
  if (fallback === undefined) throw new InvalidArgumentError(`${field}.fallback`, 'must be given: it is what is written')
  return { name, template: fallback, templateFormat }
}
