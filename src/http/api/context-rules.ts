import * as v from 'valibot'
import type { ContextRule } from '../../entities/context-rule.js'
import { isConfigError } from '../../shared/errors.js'
import { type Answer, jsonAnswer, taggedAnswer } from '../answer.js'
import * as answers from '../answers.js'
import { type Endpoint, endpoint, type Services } from '../endpoint.js'
import { notFound, Problem } from '../problem.js'
import { CONTEXT_RULES } from '../resources.js'
import { Flag, NewName, Project, Summary, text, Version } from '../schemas.js'
import { fromWire, toWire } from '../wire.js'
import { metaOf, projectOf, reading } from './acts.js'
import { findRule, highestRule, rulesPage } from './context-rule-lists.js'
import { historyPage } from './history.js'
import { DeleteQuery, HistoryQuery, RuleListQuery, RuleReadQuery, WaitQuery, WriteQuery } from './queries.js'

const { kind, noun, plural, maxNameLength } = CONTEXT_RULES
const list = `/${plural}`
const one = `${list}/:name`
const optionalText = v.optional(v.nullable(text()))
const name = v.pipe(NewName(maxNameLength), v.description('The context.'))
const draft = {
  important: optionalText,
  ignore: optionalText,
  description: optionalText,
  project: v.optional(Project),
  summary: v.optional(Summary),
}
/** The highest active version is in force, so every write may change which one that is. */
const labels = ['latest']

export function showRule({ context, ...rule }: ContextRule): Record<string, unknown> {
  return { ...toWire(rule), name: context }
}

async function currentRule({ manager }: Services, context: string, project: string, version?: number): Promise<Answer | undefined> {
  const found = await findRule(manager, { context, project, ...(version !== undefined && { version }) })
  return found && taggedAnswer(showRule(found))
}

function created(call: { readonly api: string }, rule: ContextRule, { defaults }: Services): Answer {
  const project = rule.project === defaults.project ? '' : `&project=${rule.project}`
  const location = `${call.api}${list}/${encodeURIComponent(rule.context)}?version=${rule.version}${project}`
  return jsonAnswer(201, showRule(rule), { location })
}

/** Context rules have versions and no labels, so there is nothing to promote: the highest active version is in force. */
export function contextRules(change: ReturnType<typeof answers.configChange>): readonly Endpoint[] {
  const writing = (verb: string, services: Services, context: string, project: string | undefined) => ({
    verb,
    kind,
    project: projectOf(services, project),
    name: context,
    labels,
  })
  return [
    endpoint({
      method: 'GET',
      path: list,
      tag: plural,
      summary: 'Versions of context rules, by context and then newest first',
      access: 'read',
      query: RuleListQuery,
      answer: answers.pageOf(answers.ContextRule),
      action: ({ query }, services) => reading(services, kind, query.project),
      handle: ({ query }, { manager }) => rulesPage(manager, fromWire(query), showRule),
    }),
    endpoint({
      method: 'GET',
      path: one,
      tag: plural,
      summary: 'The rule in force in a context, from the cache; or one version',
      access: 'read',
      query: RuleReadQuery,
      answer: answers.ContextRule,
      problems: [404],
      action: ({ params, query }, services) => reading(services, kind, query.project, params.name),
      handle: async ({ params, query }, { manager }) => {
        const found = await findRule(manager, { context: params.name!, ...fromWire(query) })
        if (!found) throw notFound(`There is no active rule for the context "${params.name}".`)
        return taggedAnswer(showRule(found))
      },
    }),
    endpoint({
      method: 'POST',
      path: list,
      tag: plural,
      summary: 'A new context rule',
      access: 'write',
      query: WaitQuery,
      body: v.strictObject({ name, ...draft }),
      answer: answers.ContextRule,
      status: 201,
      problems: [409],
      example: { name: 'payments', important: 'status, amount', ignore: 'heartbeat lines' },
      action: ({ body }, services) => writing('create', services, body.name, body.project),
      current: ({ body }, services) => currentRule(services, body.name, projectOf(services, body.project)),
      handle: async (call, services) => {
        const { name: context, summary, ...body } = call.body
        try {
          return created(
            call,
            await services.manager.contextRules.create({ ...fromWire(body), context, ...metaOf(call, summary) }),
            services,
          )
        } catch (error) {
          if (!isConfigError(error, 'E_ALREADY_EXISTS')) throw error
          const other = `POST ${call.api}${list}/${encodeURIComponent(context)}/versions`
          throw new Problem(409, error.code, `The ${noun} "${context}" already exists. Use ${other} for a new version.`, { field: 'name' })
        }
      },
    }),
    endpoint({
      method: 'POST',
      path: `${one}/versions`,
      tag: plural,
      summary: 'A new version of a context rule; with `create`, also of a context that is new',
      access: 'write',
      query: WriteQuery,
      body: v.strictObject({ ...draft, name: v.optional(name), create: v.optional(Flag) }),
      answer: answers.ContextRule,
      status: 201,
      problems: [404],
      example: { ignore: 'heartbeat lines' },
      action: ({ params, query, body }, services) => writing('version', services, params.name!, body.project ?? query.project),
      current: ({ params, query, body }, services) => currentRule(services, params.name!, projectOf(services, body.project, query.project)),
      handle: async (call, services) => {
        const { name: repeated, create, summary, project: given, ...body } = call.body
        const context = call.params.name!
        const project = projectOf(services, given, call.query.project)
        if (repeated !== undefined && repeated !== context) {
          throw new Problem(400, 'E_INVALID_ARGUMENT', 'name must be the one in the path, or be left out', { field: 'name' })
        }
        if (create) {
          const { issues } = v.safeParse(name, context)
          if (issues) throw new Problem(400, 'E_INVALID_ARGUMENT', `name ${issues[0].message}`, { field: 'name' })
        } else if (!(await highestRule(services.manager, { context, project }))) {
          throw notFound(`There is no ${noun} "${context}". Send "create": true to make it.`)
        }
        const request = { ...fromWire(body), context, project, ...metaOf(call, summary) }
        return created(call, await services.manager.contextRules.createVersion(request), services)
      },
    }),
    endpoint({
      method: 'GET',
      path: `${one}/history`,
      tag: plural,
      summary: 'Changes of a context rule, newest first',
      access: 'read',
      query: HistoryQuery,
      answer: answers.pageOf(change),
      problems: [404],
      action: ({ params, query }, services) => reading(services, kind, query.project, params.name),
      handle: ({ params, query }, services) => historyPage(services, { kind, noun, name: params.name! }, fromWire(query)),
    }),
    endpoint({
      method: 'DELETE',
      path: one,
      tag: plural,
      summary: 'Takes one version of a context rule, or all of them, out of use; without the newest, the one before it is in force',
      access: 'write',
      query: DeleteQuery,
      answer: answers.Deactivated,
      problems: [404],
      action: ({ params, query }, services) => writing('deactivate', services, params.name!, query.project),
      current: ({ params, query }, services) => currentRule(services, params.name!, projectOf(services, query.project), query.version),
      handle: async (call, services) => {
        const { version } = call.query
        const request = { context: call.params.name!, project: projectOf(services, call.query.project), ...metaOf(call) }
        const { deactivated, receipt } = await services.manager.contextRules.deactivate({
          ...request,
          ...(version !== undefined && { version }),
        })
        return toWire({ deactivated, receipt })
      },
    }),
    endpoint({
      method: 'POST',
      path: `${one}/activate`,
      tag: plural,
      summary: 'Takes a version of a context rule back into use; without a version, the newest one',
      access: 'write',
      query: WriteQuery,
      body: v.strictObject({ version: v.optional(Version), project: v.optional(Project), summary: v.optional(Summary) }),
      answer: answers.ContextRule,
      problems: [404],
      example: { version: 1 },
      action: ({ params, query, body }, services) => writing('activate', services, params.name!, body.project ?? query.project),
      current: ({ params, query, body }, services) =>
        currentRule(services, params.name!, projectOf(services, body.project, query.project), body.version),
      handle: async (call, services) => {
        const { version: given, project, summary } = call.body
        const target = { context: call.params.name!, project: projectOf(services, project, call.query.project) }
        const version = given ?? (await highestRule(services.manager, target))
        if (version === undefined) throw notFound(`There is no ${noun} "${target.context}".`)
        return showRule(await services.manager.contextRules.activate({ ...target, version, ...metaOf(call, summary) }))
      },
    }),
  ]
}
