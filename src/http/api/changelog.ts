import * as v from 'valibot'
import type { ConfigChange } from '../../entities/config-change.js'
import * as answers from '../answers.js'
import { type Endpoint, endpoint } from '../endpoint.js'
import type { ChangelogQuery } from '../manager.js'
import { Cursor, Date8601, integerText, LimitText, Name, Project, pick } from '../schemas.js'
import { fromWire, toWire } from '../wire.js'
import { answerPage } from './answer-page.js'

/** The changelog of everything. */
export function changelog(kinds: readonly string[], change: ReturnType<typeof answers.configChange>): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/changelog',
      tag: 'changelog',
      summary: 'Who changed what, when and why; newest first',
      access: 'read',
      query: v.strictObject({
        kind: v.optional(pick([...kinds, 'all'])),
        name: v.optional(Name()),
        project: v.optional(Project),
        changed_by: v.optional(v.string('must be given once')),
        since: v.optional(Date8601),
        since_revision: v.optional(v.pipe(integerText(0), v.description('Only changes after this revision.'))),
        limit: v.optional(LimitText),
        cursor: v.optional(Cursor),
      }),
      answer: answers.pageOf(change),
      action: ({ query }) => ({
        verb: 'read',
        kind: query.kind ?? 'all',
        project: query.project ?? '*',
        name: query.name ?? '*',
        labels: [],
      }),
      handle: ({ query: { since_revision, ...query } }, { manager }) =>
        answerPage(manager, toWire, async () => {
          const page = await manager.changelog.list(fromWire(query) as ChangelogQuery)
          return since_revision === undefined ? page : newerThan(since_revision, page)
        }),
    }),
  ]
}

/** A page that comes newest first ends where the revisions are known. */
function newerThan(revision: number, page: { readonly items: readonly ConfigChange[]; readonly cursor?: string }): typeof page {
  const items = page.items.filter((change) => change.revision > revision)
  return items.length < page.items.length ? { items } : page
}
