import * as v from 'valibot'
import { withParameters } from '../../agent/model-parameters.js'
import type { JsonObject as Json } from '../../entities/json.js'
import type { Message } from '../../entities/message.js'
import type { ChatResult } from '../../llm/llm-client.js'
import type { LLMRegistry } from '../../llm/llm-registry.js'
import * as answers from '../answers.js'
import { type Endpoint, endpoint, type Services } from '../endpoint.js'
import { Problem } from '../problem.js'
import type { Resource } from '../resources.js'
import { integer, Name, text } from '../schemas.js'
import { toWire } from '../wire.js'
import { projectOf } from './acts.js'
import { type ChosenTemplate, chosenTemplate, TEMPLATE_CHOICE, type TemplateChoice } from './previews.js'
import { renderAsFarAsItGoes } from './rendered.js'

const RunBody = v.strictObject({
  ...TEMPLATE_CHOICE,
  name: v.optional(v.pipe(Name(), v.description('The prompt. Left out, a `template` has to be given.'))),
  input: v.optional(v.pipe(text(), v.description('A last message of the user.'))),
  model: v.optional(v.pipe(text(300), v.description('`provider:model`; else that of the prompt, else the model configuration "default".'))),
  temperature: v.optional(v.pipe(v.number('must be a number'), v.minValue(0, 'must be 0 or more'), v.maxValue(2, 'must be at most 2'))),
  max_output_tokens: v.optional(v.pipe(integer(), v.minValue(1, 'must be 1 or more'))),
})

/** Asks a model, for people who try a prompt out. Only a handler with `llm` has it. */
export function playground(resource: Resource, llm: LLMRegistry): readonly Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: '/playground/run',
      tag: 'playground',
      summary: 'Renders a prompt and asks a model with it; bounded in tokens, time, and runs of an actor in a minute',
      access: 'write',
      body: RunBody,
      answer: answers.RunAnswer,
      problems: [404, 422, 429, 502],
      example: { name: 'greeting', version: 2, variables: { name: 'Ada' } },
      action: ({ body }, services) => ({
        verb: 'run',
        kind: resource.kind,
        project: projectOf(services, body.project),
        name: body.name ?? '*',
        labels: [],
      }),
      handle: async ({ body, actor, signal }, services) => {
        const { name, input, model: asked, temperature, max_output_tokens, ...choice } = body
        const chosen = await chosenTemplate(resource, services, nameOf(name, choice), choice)
        const messages = messagesOf(chosen, choice, input)
        const { model, parameters } = await modelOf(asked, chosen, services)
        const resolved = llm.resolve(model)
        const { limits } = services.runs
        const request = withParameters({ messages, ...(temperature !== undefined && { temperature }) }, resolved.model, {
          ...parameters,
          ...chosen.entity?.parameters,
        } as Json)
        const maxOutputTokens = Math.min(max_output_tokens ?? request.maxOutputTokens ?? limits.maxOutputTokens, limits.maxOutputTokens)
        const end = services.runs.begin(actor, maxOutputTokens)
        let result: ChatResult | undefined
        try {
          const options = { timeout: limits.timeoutMs, maxRetries: 0, signal: signal() }
          result = await resolved.client.chat({ ...request, maxOutputTokens }, options)
        } finally {
          end(result?.usage.totalTokens)
        }
        return shownRun(result, messages, chosen)
      },
    }),
  ]
}

function nameOf(name: string | undefined, { template }: TemplateChoice): string {
  if (name !== undefined || template !== undefined) return name ?? ''
  throw new Problem(400, 'E_INVALID_ARGUMENT', 'name is required, or a template instead', { field: 'name' })
}

/** @throws {Problem} 422 when variables are missing: a model is not asked with an incomplete prompt */
function messagesOf({ template, format }: ChosenTemplate, { variables }: TemplateChoice, input: string | undefined): readonly Message[] {
  const { text: rendered, messages, problems } = renderAsFarAsItGoes(template, format, { ...variables })
  const [first] = problems
  if (first) {
    throw new Problem(422, 'E_TEMPLATE_VARIABLE', first.detail, {
      field: 'variables',
      errors: problems.map(({ message, detail }) => ({
        pointer: '/variables',
        detail: message === null ? detail : `Message ${message + 1}: ${detail}`,
      })),
    })
  }
  const last: readonly Message[] = input === undefined ? [] : [{ role: 'user', content: input }]
  if (messages) return [...(messages as readonly Message[]), ...last]
  return [{ role: last.length > 0 ? 'system' : 'user', content: rendered ?? '' }, ...last]
}

async function modelOf(
  asked: string | undefined,
  { entity }: ChosenTemplate,
  services: Services,
): Promise<{ readonly model: string; readonly parameters?: object }> {
  const named = asked ?? entity?.model
  if (named) return { model: named }
  const config = await services.manager.getModelConfig('default', { project: projectOf(services, entity?.project) })
  if (config) return { model: `${config.provider}:${config.model}`, parameters: config.parameters }
  throw new Problem(422, 'E_NO_MODEL', 'Say which model to ask: neither the prompt nor a model configuration "default" does.', {
    field: 'model',
  })
}

function shownRun(result: ChatResult, messages: readonly Message[], { entity }: ChosenTemplate): object {
  const { text: answer, thinking, finishReason, provider, model, usage, timings, warnings } = result
  return {
    ...toWire({ text: answer, thinking, finishReason, messages, provider, model, version: entity?.version, warnings }),
    usage: toWire(usage),
    timings: toWire(timings),
  }
}
