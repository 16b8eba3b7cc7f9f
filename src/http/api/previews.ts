import * as v from 'valibot'
import type { ChatMessageTemplate, TemplateFormat } from '../../entities/template.js'
import { parseTemplate } from '../../template/parse-template.js'
import * as answers from '../answers.js'
import { type Endpoint, endpoint, type Services } from '../endpoint.js'
import { notFound } from '../problem.js'
import type { ReadQuery } from '../read-query.js'
import type { Entity, Resource } from '../resources.js'
import { Format, JsonObject, LabelQuery, Project, Template, text, Version } from '../schemas.js'
import { projectOf, reading } from './acts.js'
import { ReadQuery as Query } from './queries.js'
import { renderAsFarAsItGoes } from './rendered.js'

/** What a preview and a run render: a stored version, or a template that is not stored yet. */
export const TEMPLATE_CHOICE = {
  version: v.optional(Version),
  label: v.optional(LabelQuery),
  project: v.optional(Project),
  subject: v.optional(text(255)),
  template: v.optional(v.pipe(Template, v.description('Instead of a stored version.'))),
  template_format: v.optional(Format),
  variables: v.optional(JsonObject),
}

export interface TemplateChoice {
  readonly version?: number | undefined
  readonly label?: string | undefined
  readonly project?: string | undefined
  readonly subject?: string | undefined
  readonly template?: unknown
  readonly template_format?: TemplateFormat | undefined
  readonly variables?: object | undefined
}

/** A template, and the version it is of. */
export interface ChosenTemplate {
  readonly template: string | readonly ChatMessageTemplate[]
  readonly format: TemplateFormat
  readonly entity?: Entity & { readonly model?: string | null; readonly parameters?: object }
}

/** @throws {Problem} 404 when the name has no such version */
export async function chosenTemplate(
  resource: Resource,
  services: Services,
  name: string,
  choice: TemplateChoice,
): Promise<ChosenTemplate> {
  if (choice.template !== undefined) {
    return { template: choice.template as ChosenTemplate['template'], format: choice.template_format ?? 'f-string' }
  }
  const { version, label, subject } = choice
  const query: ReadQuery = {
    project: projectOf(services, choice.project),
    ...(version !== undefined && { version }),
    ...(label !== undefined && { label }),
    ...(subject !== undefined && { subject }),
  }
  const entity = (await resource.read(services.manager, name, query)) as
    | (Entity & { template: string; templateFormat: TemplateFormat })
    | undefined
  if (!entity) throw notFound(`No active version of the ${resource.noun} "${name}" answers to that.`)
  return { template: entity.template, format: entity.templateFormat, entity }
}

/** Looks at templates without storing or asking anything. */
export function previews(resource: Resource): readonly Endpoint[] {
  return [
    endpoint({
      method: 'POST',
      path: `/${resource.plural}/:name/preview`,
      tag: 'playground',
      summary: `A version of a ${resource.noun} with its variables filled in, and what is wrong with them message by message`,
      access: 'read',
      query: v.strictObject({ project: Query.entries.project }),
      body: v.strictObject(TEMPLATE_CHOICE),
      answer: answers.PreviewAnswer,
      problems: [404, 422],
      example: { version: 2, variables: { name: 'Ada' } },
      action: ({ params, query, body }, services) => reading(services, resource.kind, body.project ?? query.project, params.name),
      handle: async ({ params, query, body }, services) => {
        const chosen = await chosenTemplate(resource, services, params.name!, { ...body, project: body.project ?? query.project })
        const rendered = renderAsFarAsItGoes(chosen.template, chosen.format, { ...body.variables })
        return { ...(chosen.entity && { version: chosen.entity.version }), ...rendered }
      },
    }),
    endpoint({
      method: 'POST',
      path: '/templates/check',
      tag: 'playground',
      summary: 'The variables of a template, or where it does not parse; nothing is written',
      access: 'read',
      body: v.strictObject({ template: Template, template_format: v.optional(Format) }),
      answer: answers.Checked,
      problems: [422],
      example: { template: 'Hello {name}' },
      handle: async ({ body: { template, template_format = 'f-string' } }) => {
        const { variables, optionalVariables, warnings } = parseTemplate(template as ChosenTemplate['template'], template_format)
        return {
          variables,
          ...(optionalVariables.length > 0 && { optional_variables: optionalVariables }),
          ...(warnings.length > 0 && { warnings }),
        }
      },
    }),
  ]
}
