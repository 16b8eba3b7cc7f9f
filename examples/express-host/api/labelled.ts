import { type ConfigChange, type ContentDiff, isConfigError, type Page } from 'agent-config'
import * as v from 'valibot'
import * as answers from './answers.js'
import { type Endpoint, endpoint, type Services, Written } from './endpoint.js'
import { Problem } from './problem.js'
import { DeleteQuery, DiffQuery, ListQuery, Name, ProjectQuery, PromotionBody, ReadQuery, RollbackBody } from './schemas.js'
import { fromWire, toWire, toWirePage } from './wire.js'

type Target = { readonly name: string; readonly project?: string }
type Note = { readonly changedBy?: string; readonly summary?: string }

/** What the three repositories of labelled configurations have in common. */
interface Repository<Draft, Entity extends object> {
  create(draft: Draft): Promise<Entity>
  createVersion(draft: Draft): Promise<Entity>
  promote(promotion: Target & Note & { readonly version: number; readonly label?: string }): Promise<Entity>
  rollback(rollback: Target & Note & { readonly label?: string }): Promise<Entity>
  deactivate(
    deactivation: Target & Note & { readonly version?: number; readonly force?: boolean },
  ): Promise<{ readonly deactivated: number }>
  list(query: object): Promise<Page<Entity>>
  history(target: Target): Promise<readonly ConfigChange[]>
  diff(query: Target & { readonly from: number; readonly to: number }): Promise<ContentDiff>
}

/** One kind of labelled configuration, as the API shows it. */
export interface LabelledResource<Draft, Entity extends object> {
  /** `/prompts` */
  readonly path: string
  readonly noun: string
  readonly draft: v.ObjectEntries & { readonly name: typeof Name }
  readonly answer: v.GenericSchema
  repository(services: Services): Repository<Draft, Entity>
  /** The cached read; `query` is a `ConfigQuery`. */
  read(services: Services, name: string, query: object): Promise<Entity | undefined>
  /** From the request's names to the library's, where they differ by more than their case. */
  toDraft?(draft: Record<string, unknown>): Record<string, unknown>
  show?(entity: Entity): object
}

/** The nine calls that prompts, models and embeddings share. */
export function labelledEndpoints<Draft, Entity extends object>(resource: LabelledResource<Draft, Entity>): readonly Endpoint[] {
  const { path, noun, answer, repository, show = toWire } = resource
  const draftOf = (body: object, more: object) => {
    const draft = { ...fromWire(body as Record<string, unknown>), ...more }
    return (resource.toDraft?.(draft) ?? draft) as Draft
  }
  const one = `${path}/:name`

  return [
    endpoint({
      method: 'get',
      path,
      summary: `Versions of ${noun}s, by name and then newest first`,
      access: 'read',
      query: ListQuery,
      answer: answers.pageOf(answer),
      handle: async ({ query }, services) => {
        const { items, ...page } = await repository(services).list(fromWire(query))
        return { ...toWirePage({ ...page, items: [] }), items: items.map(show) }
      },
    }),
    endpoint({
      method: 'get',
      path: one,
      summary: `The version of a ${noun} that carries a label, from the cache`,
      access: 'read',
      query: ReadQuery,
      answer,
      problems: [404],
      handle: async ({ params, query }, services) => {
        const found = await resource.read(services, params.name!, fromWire(query))
        if (!found) throw notFound(`No active version of the ${noun} "${params.name}" answers to that query.`)
        return writtenOnce(found, show)
      },
    }),
    endpoint({
      method: 'post',
      path,
      summary: `A new ${noun}`,
      access: 'write',
      body: v.strictObject(resource.draft),
      answer,
      status: 201,
      problems: [409, 422],
      handle: async ({ body, actor }, services) => {
        try {
          return show(await repository(services).create(draftOf(body, { changedBy: actor })))
        } catch (error) {
          if (!isConfigError(error, 'E_ALREADY_EXISTS')) throw error
          const call = `POST /api/config${path}/${encodeURIComponent(String(body.name))}/versions`
          throw new Problem(409, error.code, `The ${noun} "${body.name}" already exists. Use ${call} for a new version.`, 'name')
        }
      },
    }),
    endpoint({
      method: 'post',
      path: `${one}/versions`,
      summary: `A new version of a ${noun}`,
      access: 'write',
      body: v.strictObject({ ...resource.draft, name: v.optional(Name) }),
      answer,
      status: 201,
      problems: [422],
      handle: async ({ params, body, actor }, services) => {
        if (body.name !== undefined && body.name !== params.name) {
          throw new Problem(400, 'E_INVALID_ARGUMENT', 'name must be the one in the path, or be left out', 'name')
        }
        return show(await repository(services).createVersion(draftOf(body, { name: params.name, changedBy: actor })))
      },
    }),
    endpoint({
      method: 'post',
      path: `${one}/promote`,
      summary: `Gives a label to one version of a ${noun}`,
      access: 'write',
      query: ProjectQuery,
      body: PromotionBody,
      answer,
      problems: [404, 409, 422],
      handle: async ({ params, query, body, actor }, services) =>
        show(await repository(services).promote({ ...fromWire({ ...query, ...body }), name: params.name!, changedBy: actor })),
    }),
    endpoint({
      method: 'post',
      path: `${one}/rollback`,
      summary: `Undoes the last change of a label of a ${noun}`,
      access: 'write',
      query: ProjectQuery,
      body: RollbackBody,
      answer,
      problems: [404],
      handle: async ({ params, query, body, actor }, services) =>
        show(await repository(services).rollback({ ...fromWire({ ...query, ...body }), name: params.name!, changedBy: actor })),
    }),
    endpoint({
      method: 'get',
      path: `${one}/history`,
      summary: `Every change of a ${noun}, newest first`,
      access: 'read',
      query: ProjectQuery,
      answer: v.array(answers.ConfigChange),
      handle: async ({ params, query }, services) =>
        (await repository(services).history({ ...fromWire(query), name: params.name! })).map((change) => toWire(change)),
    }),
    endpoint({
      method: 'get',
      path: `${one}/diff`,
      summary: `Two versions of a ${noun} side by side`,
      access: 'read',
      query: DiffQuery,
      answer: answers.Diff,
      problems: [404],
      handle: async ({ params, query }, services) => repository(services).diff({ ...fromWire(query), name: params.name! }),
    }),
    endpoint({
      method: 'delete',
      path: one,
      summary: `Takes one version of a ${noun}, or all of them, out of use`,
      access: 'write',
      query: DeleteQuery,
      answer: answers.Deactivated,
      problems: [404, 409],
      handle: async ({ params, query, actor }, services) => {
        const { deactivated } = await repository(services).deactivate({ ...fromWire(query), name: params.name!, changedBy: actor })
        return { deactivated }
      },
    }),
  ]
}

/** What the cache answers is frozen and shared by everybody who asks, so that its JSON has to be written once only. */
const known = new WeakMap<object, Written>()

function writtenOnce<Entity extends object>(entity: Entity, show: (entity: Entity) => object): Written {
  const written = known.get(entity) ?? new Written(show(entity))
  known.set(entity, written)
  return written
}

export function notFound(detail: string): Problem {
  return new Problem(404, 'E_NOT_FOUND', detail)
}
