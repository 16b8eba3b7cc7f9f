import { type ContextRule, isConfigError } from 'agent-config'
import * as v from 'valibot'
import * as answers from './answers.js'
import { type Endpoint, endpoint } from './endpoint.js'
import { notFound } from './labelled.js'
import { Problem } from './problem.js'
import { DeleteQuery, ListQuery, Name, ProjectQuery, ReadQuery, RULE_DRAFT } from './schemas.js'
import { fromWire, toWire, toWirePage } from './wire.js'

const show = ({ context, ...rule }: ContextRule) => ({ ...toWire(rule), name: context })
const { label: _label, ...listQuery } = ListQuery.entries
const { project, version, min_revision } = ReadQuery.entries
const { force: _force, ...deleteQuery } = DeleteQuery.entries
const one = '/context-rules/:name'

/** Context rules have versions and no labels, so there is nothing to promote: the highest active version is in force. */
export const CONTEXT_RULES: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/context-rules',
    summary: 'Versions of context rules, by context and then newest first',
    access: 'read',
    query: v.strictObject(listQuery),
    answer: answers.pageOf(answers.ContextRule),
    handle: async ({ query }, { manager }) => {
      const { items, ...page } = await manager.contextRules.list(fromWire(query))
      return { ...toWirePage({ ...page, items: [] }), items: items.map(show) }
    },
  }),
  endpoint({
    method: 'get',
    path: one,
    summary: 'The rule in force in a context, from the cache; or one version',
    access: 'read',
    query: v.strictObject({ project, version, min_revision }),
    answer: answers.ContextRule,
    problems: [404],
    handle: async ({ params, query: { version, ...query } }, { manager }) => {
      const context = params.name!
      const found =
        version === undefined
          ? (await manager.getContextRules(context, fromWire(query)))[0]
          : await manager.contextRules.find({ context, version, ...(query.project !== undefined && { project: query.project }) })
      if (!found) throw notFound(`There is no active rule for the context "${context}".`)
      return show(found)
    },
  }),
  endpoint({
    method: 'post',
    path: '/context-rules',
    summary: 'A new context rule',
    access: 'write',
    body: v.strictObject(RULE_DRAFT),
    answer: answers.ContextRule,
    status: 201,
    problems: [409],
    handle: async ({ body: { name, ...body }, actor }, { manager }) => {
      try {
        return show(await manager.contextRules.create({ ...fromWire(body), context: name, changedBy: actor }))
      } catch (error) {
        if (!isConfigError(error, 'E_ALREADY_EXISTS')) throw error
        const call = `POST /api/config/context-rules/${encodeURIComponent(name)}/versions`
        throw new Problem(409, error.code, `The context rule "${name}" already exists. Use ${call} for a new version.`, 'name')
      }
    },
  }),
  endpoint({
    method: 'post',
    path: `${one}/versions`,
    summary: 'A new version of a context rule',
    access: 'write',
    body: v.strictObject({ ...RULE_DRAFT, name: v.optional(Name) }),
    answer: answers.ContextRule,
    status: 201,
    handle: async ({ params, body: { name, ...body }, actor }, { manager }) => {
      if (name !== undefined && name !== params.name) {
        throw new Problem(400, 'E_INVALID_ARGUMENT', 'name must be the one in the path, or be left out', 'name')
      }
      return show(await manager.contextRules.createVersion({ ...fromWire(body), context: params.name!, changedBy: actor }))
    },
  }),
  endpoint({
    method: 'get',
    path: `${one}/history`,
    summary: 'Every change of a context rule, newest first',
    access: 'read',
    query: ProjectQuery,
    answer: v.array(answers.ConfigChange),
    handle: async ({ params, query }, { manager }) =>
      (await manager.contextRules.history({ ...fromWire(query), context: params.name! })).map((change) => toWire(change)),
  }),
  endpoint({
    method: 'delete',
    path: one,
    summary: 'Takes one version of a context rule, or all of them, out of use; taking the newest is the undo',
    access: 'write',
    query: v.strictObject(deleteQuery),
    answer: answers.Deactivated,
    problems: [404],
    handle: async ({ params, query, actor }, { manager }) => {
      const { deactivated } = await manager.contextRules.deactivate({ ...fromWire(query), context: params.name!, changedBy: actor })
      return { deactivated }
    },
  }),
]
