import * as v from 'valibot'
import { isConfigError } from '../../shared/errors.js'
import * as answers from '../answers.js'
import { type Endpoint, endpoint, type Services } from '../endpoint.js'
import { notFound, Problem } from '../problem.js'
import type { Resource, VersionOutline } from '../resources.js'
import { Project, Summary, Version } from '../schemas.js'
import { toWire } from '../wire.js'
import { activateName } from './activate-name.js'
import { metaOf, projectOf } from './acts.js'
import { currentOf } from './current.js'
import { DeleteQuery, WriteQuery } from './queries.js'
import type { Shown } from './show.js'

/** Deactivating versions, or a whole name, and activating them again. */
export function labelledSwitches(resource: Resource, shown: Shown): readonly Endpoint[] {
  const { plural, noun, kind, isReadByLatest, repository } = resource
  const one = `/${plural}/:name`
  const current = currentOf(resource, shown)

  const labelsAmong = (versions: readonly VersionOutline[], only: number | undefined) =>
    versions.filter(({ version }) => only === undefined || version === only).flatMap(({ labels }) => labels)
  const switching = async (verb: string, services: Services, target: { name: string; project: string }, version: number | undefined) => {
    const carried = labelsAmong(await repository(services.manager).versions(target), version)
    return { verb, kind, ...target, labels: isReadByLatest ? [...carried, 'latest'] : carried }
  }

  return [
    endpoint({
      method: 'DELETE',
      path: one,
      tag: plural,
      summary: `Takes one version of a ${noun}, or all of them, out of use; with labels on them it needs \`force\``,
      access: 'write',
      query: DeleteQuery,
      answer: answers.Deactivated,
      problems: [404, 409],
      action: ({ params, query }, services) =>
        switching('deactivate', services, { name: params.name!, project: projectOf(services, query.project) }, query.version),
      current: ({ params, query }, services) =>
        current(services, params.name!, projectOf(services, query.project), undefined, query.version),
      handle: async (call, services) => {
        const { force = false, version } = call.query
        const target = { name: call.params.name!, project: projectOf(services, call.query.project) }
        const request = { ...target, ...metaOf(call) }
        const writes = repository(services.manager)
        if (version !== undefined) return shownSwitch(await writes.deactivate({ ...request, version, force }))
        if (!force) await refuseLabelled(services, target)
        // Labels stay where they are, so that activating the name undoes it. Only a paused rollout has to be resumed besides.
        const whole = writes.deactivate(request).catch((error: unknown) => {
          if (!force || !isConfigError(error, 'E_IN_USE')) throw error
          return writes.deactivate({ ...request, force })
        })
        return shownSwitch(await whole)
      },
    }),
    endpoint({
      method: 'POST',
      path: `${one}/activate`,
      tag: plural,
      summary: `Takes a version of a ${noun} back into use; without a version, what was last taken out of use`,
      access: 'write',
      query: WriteQuery,
      body: v.strictObject({ version: v.optional(Version), project: v.optional(Project), summary: v.optional(Summary) }),
      answer: shown.answer,
      problems: [404],
      example: { version: 1 },
      action: ({ params, query, body }, services) =>
        switching('activate', services, { name: params.name!, project: projectOf(services, body.project, query.project) }, body.version),
      current: ({ params, query, body }, services) =>
        current(services, params.name!, projectOf(services, body.project, query.project), undefined, body.version),
      handle: async (call, services) => {
        const { version, project, summary } = call.body
        const request = { name: call.params.name!, project: projectOf(services, project, call.query.project), ...metaOf(call, summary) }
        if (version !== undefined) return shown.show(await repository(services.manager).activate({ ...request, version }))
        return shown.show(await activateName(resource, services.manager, request))
      },
    }),
  ]

  async function refuseLabelled({ manager }: Services, target: { name: string; project: string }): Promise<void> {
    const versions = (await repository(manager).versions(target)).filter(({ isActive }) => isActive)
    if (versions.length === 0) throw notFound(`There is no active version of the ${noun} "${target.name}".`)
    const carried = labelsAmong(versions, undefined)
    if (carried.length === 0) return
    const shownLabels = carried.map((label) => `"${label}"`).join(', ')
    throw new Problem(
      409,
      'E_IN_USE',
      `The ${noun} "${target.name}" carries ${shownLabels}. Send force=true to take it out of use all the same.`,
    )
  }
}

function shownSwitch({ deactivated, receipt }: { readonly deactivated: number; readonly receipt?: object }): object {
  return toWire({ deactivated, receipt })
}
