import * as v from 'valibot'
import { isConfigError } from '../../shared/errors.js'
import { type Answer, jsonAnswer } from '../answer.js'
import * as answers from '../answers.js'
import { type Call, type Endpoint, endpoint, type Services } from '../endpoint.js'
import { draftEntries, draftOf } from '../fields.js'
import { notFound, Problem } from '../problem.js'
import type { Resource } from '../resources.js'
import { Flag, Label, NewName, Project, Summary, Version } from '../schemas.js'
import { fromWire, toWire } from '../wire.js'
import { metaOf, projectOf } from './acts.js'
import { currentOf } from './current.js'
import { WaitQuery, WriteQuery } from './queries.js'
import type { Shown } from './show.js'

const DEFAULT_LABELS: readonly string[] = ['staging']
const optionalProject = v.optional(Project)
const summary = v.optional(Summary)

/** The writes that every labelled kind has, except deactivating and activating. */
export function labelledWrites(resource: Resource, shown: Shown): readonly Endpoint[] {
  const { plural, noun, kind, fields, maxNameLength, isReadByLatest, repository } = resource
  const one = `/${plural}/:name`
  const { answer } = shown
  const name = NewName(maxNameLength)
  const draft = {
    ...draftEntries(fields),
    project: optionalProject,
    labels: v.optional(v.array(Label, 'must be a list of labels')),
    summary,
  }
  const current = currentOf(resource, shown)

  const labelOf = ({ defaults }: Services, given: string | undefined) => given ?? resource.defaultLabel ?? defaults.label

  /** The action of writing a new version, as `can` is asked about it. */
  const drafting = (
    verb: string,
    services: Services,
    target: { readonly name: string; readonly project?: string | undefined },
    given: unknown,
  ) => {
    const labels = (given as readonly string[] | undefined) ?? DEFAULT_LABELS
    const project = projectOf(services, target.project)
    return { verb, kind, project, name: target.name, labels: isReadByLatest ? [...labels, 'latest'] : labels }
  }
  const moving =
    (verb: string) =>
    (call: Call<{ project?: string | undefined }, { project?: string | undefined; label?: string | undefined }>, services: Services) => ({
      verb,
      kind,
      project: projectOf(services, call.body.project, call.query.project),
      name: call.params.name!,
      labels: [labelOf(services, call.body.label)],
    })
  const created = (
    call: { readonly api: string },
    entity: { readonly name: string; readonly version: number; readonly project: string },
    services: Services,
  ): Answer => {
    const project = entity.project === services.defaults.project ? '' : `&project=${entity.project}`
    const location = `${call.api}/${plural}/${encodeURIComponent(entity.name)}?version=${entity.version}${project}`
    return jsonAnswer(201, shown.show(entity), { location })
  }

  return [
    endpoint({
      method: 'POST',
      path: `/${plural}`,
      tag: plural,
      summary: `A new ${noun}`,
      access: 'write',
      query: WaitQuery,
      body: v.strictObject({ ...draft, name }),
      example: { name: 'greeting', ...resource.example },
      answer,
      status: 201,
      problems: [409, 422],
      action: ({ body }, services) => drafting('create', services, body as { name: string; project?: string }, body.labels),
      current: ({ body }, services) => current(services, body.name, projectOf(services, body.project as string | undefined)),
      handle: async (call, services) => {
        const { summary: why, ...body } = call.body as { summary?: string; name: string }
        try {
          const request = { ...fromWire(draftOf(fields, body)), name: body.name, ...metaOf(call, why) }
          return created(call, await repository(services.manager).create(request), services)
        } catch (error) {
          if (!isConfigError(error, 'E_ALREADY_EXISTS')) throw error
          const other = `POST ${call.api}/${plural}/${encodeURIComponent(body.name)}/versions`
          throw new Problem(409, error.code, `The ${noun} "${body.name}" already exists. Use ${other} for a new version.`, {
            field: 'name',
          })
        }
      },
    }),
    endpoint({
      method: 'POST',
      path: `${one}/versions`,
      tag: plural,
      summary: `A new version of a ${noun}; with \`create\`, also of a name that is new`,
      access: 'write',
      query: WriteQuery,
      body: v.strictObject({ ...draft, name: v.optional(name), create: v.optional(Flag) }),
      example: { ...resource.example, summary: 'Friendlier' },
      answer,
      status: 201,
      problems: [404, 409, 422],
      action: ({ params, body }, services) =>
        drafting('version', services, { name: params.name!, project: body.project as string | undefined }, body.labels),
      current: ({ params, query, body }, services) =>
        current(services, params.name!, projectOf(services, body.project as string | undefined, query.project)),
      handle: async (call, services) => {
        const {
          summary: why,
          create,
          name: repeated,
          ...body
        } = call.body as { summary?: string; create?: boolean; name?: string; project?: string }
        const target = { name: call.params.name!, project: projectOf(services, body.project, call.query.project) }
        if (repeated !== undefined && repeated !== target.name) {
          throw new Problem(400, 'E_INVALID_ARGUMENT', 'name must be the one in the path, or be left out', { field: 'name' })
        }
        if (!create && (await repository(services.manager).count({ ...target, activeOnly: false })) === 0) {
          throw notFound(`There is no ${noun} "${target.name}". Send "create": true to make it.`)
        }
        if (create) refuseOddName(target.name, maxNameLength)
        const request = { ...fromWire(draftOf(fields, body)), ...target, ...metaOf(call, why) }
        return created(call, await repository(services.manager).createVersion(request), services)
      },
    }),
    endpoint({
      method: 'POST',
      path: `${one}/promote`,
      tag: plural,
      summary: `Gives a label to one version of a ${noun}`,
      access: 'write',
      query: WriteQuery,
      body: v.strictObject({
        version: Version,
        label: v.optional(Label),
        project: optionalProject,
        expected_version: v.optional(Version),
        force: v.optional(Flag),
        summary,
      }),
      answer,
      problems: [404, 409, 422],
      example: { version: 2, expected_version: 1, summary: 'Friendlier' },
      action: moving('promote'),
      current: ({ params, query, body }, services) =>
        current(services, params.name!, projectOf(services, body.project, query.project), body.label),
      handle: async (call, services) => {
        const { summary: why, project, label, ...body } = call.body
        const target = { name: call.params.name!, project: projectOf(services, project, call.query.project) }
        return shown.show(
          await repository(services.manager).promote({
            ...fromWire(body),
            ...target,
            label: labelOf(services, label),
            ...metaOf(call, why),
          }),
        )
      },
    }),
    endpoint({
      method: 'POST',
      path: `${one}/rollback`,
      tag: plural,
      summary: `Undoes the last change of a label of a ${noun}`,
      access: 'write',
      query: WriteQuery,
      body: v.strictObject({ label: v.optional(Label), project: optionalProject, summary }),
      answer,
      problems: [404],
      example: { label: 'production', summary: 'Too warm' },
      action: moving('rollback'),
      current: ({ params, query, body }, services) =>
        current(services, params.name!, projectOf(services, body.project, query.project), body.label),
      handle: async (call, services) => {
        const { summary: why, project, label } = call.body
        const target = { name: call.params.name!, project: projectOf(services, project, call.query.project) }
        return shown.show(await repository(services.manager).rollback({ ...target, label: labelOf(services, label), ...metaOf(call, why) }))
      },
    }),
    endpoint({
      method: 'POST',
      path: `${one}/remove-label`,
      tag: plural,
      summary: `Takes a label off the version of a ${noun} that carries it`,
      access: 'write',
      query: WriteQuery,
      body: v.strictObject({ label: Label, project: optionalProject, force: v.optional(Flag), summary }),
      answer: answers.LabelRemoved,
      problems: [404, 409],
      example: { label: 'experiment' },
      action: moving('remove_label'),
      current: ({ params, query, body }, services) =>
        current(services, params.name!, projectOf(services, body.project, query.project), body.label),
      handle: async (call, services) => {
        const { summary: why, project, ...body } = call.body
        const target = { name: call.params.name!, project: projectOf(services, project, call.query.project) }
        const facts = await repository(services.manager).removeLabel({ ...fromWire(body), ...target, ...metaOf(call, why) })
        return toWire({ name: target.name, label: body.label, ...facts })
      },
    }),
  ]
}

/** A name in the path was checked as an existing one; a new name has stricter rules. */
function refuseOddName(name: string, maxLength: number): void {
  const { issues } = v.safeParse(NewName(maxLength), name)
  if (issues) throw new Problem(400, 'E_INVALID_ARGUMENT', `name ${issues[0].message}`, { field: 'name' })
}
