import * as v from 'valibot'
import { type ExportingManager, exportBundle, importBundle } from '../../files/bundle/index.js'
import { jsonAnswer } from '../answer.js'
import { type Endpoint, endpoint } from '../endpoint.js'
import type { HttpManager } from '../manager.js'
import { Project, Summary, YesOrNo } from '../schemas.js'
import { metaOf, projectOf } from './acts.js'

const integer = v.pipe(v.number(), v.integer())
const Moved = { kind: v.string(), name: v.string(), version: integer }

/** A file that `agent-config import` takes too: its keys are the same there and here. */
const Bundle = v.pipe(
  v.looseObject({ format: v.string(), project: v.string(), entities: v.array(v.looseObject({ kind: v.string(), name: v.string() })) }),
  v.description('Everything of one project, as `agent-config export` prints it.'),
)

const Imported = v.strictObject({
  project: v.string(),
  dry_run: v.boolean(),
  versions: v.array(v.strictObject(Moved)),
  labels: v.array(v.strictObject({ kind: v.string(), name: v.string(), label: v.string(), from: v.nullable(integer), to: integer })),
  activated: v.array(v.strictObject(Moved)),
  deactivated: v.array(v.strictObject(Moved)),
  rollouts: v.array(v.strictObject({ kind: v.string(), name: v.string(), label: v.string() })),
  unchanged: integer,
})

/** Everything of a project as one file. */
export function bundles(): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/export',
      tag: 'bundles',
      summary: 'Everything of a project: all kinds, versions and labels, and the rollouts that are open',
      access: 'read',
      query: v.strictObject({ project: v.optional(Project) }),
      answer: Bundle,
      action: ({ query }, services) => ({ verb: 'read', kind: 'all', project: projectOf(services, query.project), name: '*', labels: [] }),
      handle: async ({ query }, services) => {
        const project = projectOf(services, query.project)
        const bundle = await exportBundle(exporting(services.manager, project), { project })
        return jsonAnswer(200, bundle, { 'content-disposition': `attachment; filename="${project}.bundle.json"` })
      },
    }),
    endpoint({
      method: 'POST',
      path: '/import',
      tag: 'bundles',
      summary: 'Writes what a bundle has and a project has not, all of it as one write; an admin may do it',
      access: 'write',
      query: v.strictObject({ project: v.optional(Project), dry_run: v.optional(YesOrNo), summary: v.optional(Summary) }),
      body: Bundle,
      answer: Imported,
      problems: [409],
      example: { format: 'agent-config bundle 1', project: 'default', entities: [] },
      action: ({ query, body }) => ({ verb: 'import', kind: 'all', project: query.project ?? body.project, name: '*', labels: [] }),
      handle: async (call, { manager }) => {
        const { project = call.body.project, dry_run = false, summary } = call.query
        const options = { project, dryRun: dry_run, ...metaOf({ ...call, query: {} }, summary) }
        const { dryRun, ...report } = await importBundle(exporting(manager, project), call.body, options)
        return { ...report, dry_run: dryRun }
      },
    }),
  ]
}

/** The parts of the manager that bundles are read from and written through. */
function exporting(manager: HttpManager, project: string): ExportingManager {
  const { prompts, models, embeddings, flags, contextRules, rollouts, changelog, kinds = [] } = manager
  return {
    ...{ prompts, models, embeddings, flags, contextRules, rollouts, changelog, kinds, project },
    of: ((kind) => manager.of(kind)) as HttpManager['of'],
    transaction: (work, meta) => manager.transaction(work, meta),
  }
}
