import type { AgentManager, AgentQuery } from '../../src/agent/agent-manager.js'
import type { ModelConfig, ModelFallback } from '../../src/entities/model-config.js'
import type { Prompt } from '../../src/entities/prompt.js'
import type { ChatMessageTemplate } from '../../src/entities/template.js'
import { parseTemplate } from '../../src/template/parse-template.js'

const CREATED = {
  project: 'default',
  isActive: true,
  createdBy: null,
  createdAt: '2026-01-01T00:00:00.000Z',
  source: 'memory',
  stale: false,
} as const

/** A manager in a few lines: what an agent needs of one, and nothing else. */
export class MemoryManager implements AgentManager {
  readonly queries: { name: string; query: AgentQuery | undefined }[] = []
  readonly #prompts = new Map<string, Prompt>()
  readonly #models = new Map<string, ModelConfig>()
  #revision = 0
  /** Called between the question and the answer. */
  beforeAnswer: (name: string) => void = () => {}
  failure: Error | undefined

  setPrompt(
    name: string,
    template: string | readonly ChatMessageTemplate[],
    own: { readonly model?: string; readonly parameters?: Prompt['parameters'] } = {},
  ): void {
    this.#revision += 1
    const version = (this.#prompts.get(name)?.version ?? 0) + 1
    this.#prompts.set(name, {
      ...CREATED,
      id: this.#revision,
      name,
      version,
      type: typeof template === 'string' ? 'text' : 'chat',
      template,
      templateFormat: 'f-string',
      description: null,
      model: own.model ?? null,
      parameters: own.parameters ?? {},
      labels: ['production'],
      variables: [],
      revision: this.#revision,
      selection: { label: 'production', version, reason: 'label', rolloutId: 'rollout-1' },
      compile: (variables = {}) => parseTemplate(template).render(variables),
    } as Prompt)
  }

  setModel(provider: string, model: string, fallbacks: readonly ModelFallback[] = [], parameters: ModelConfig['parameters'] = {}): void {
    this.#revision += 1
    const version = (this.#models.get('default')?.version ?? 0) + 1
    const selection = { label: 'production', version, reason: 'label' } as const
    const config = {
      ...CREATED,
      id: this.#revision,
      name: 'default',
      version,
      provider,
      model,
      parameters,
      fallbacks,
      labels: ['production'],
    }
    this.#models.set('default', { ...config, revision: this.#revision, selection })
  }

  async getPrompt(name: string, query?: AgentQuery): Promise<Prompt | undefined> {
    this.#note(name, query)
    return this.#prompts.get(name)
  }

  async getModelConfig(name = 'default', query?: AgentQuery): Promise<ModelConfig | undefined> {
    this.#note(name, query)
    return this.#models.get(name)
  }

  #note(name: string, query: AgentQuery | undefined): void {
    this.queries.push({ name, query })
    this.beforeAnswer(name)
    if (this.failure !== undefined) throw this.failure
  }
}
