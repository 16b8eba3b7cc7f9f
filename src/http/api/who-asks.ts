import * as v from 'valibot'
import { ANONYMOUS, mayDo } from '../authentication.js'
import { type Endpoint, endpoint } from '../endpoint.js'
import { Project } from '../schemas.js'
import { projectOf } from './acts.js'

const Who = v.strictObject({
  name: v.pipe(v.string(), v.description('What the changelog stores for writes of this caller.')),
  signed_in: v.pipe(v.boolean(), v.description('False for one on this machine that reads without saying who it is.')),
  may: v.pipe(
    v.strictObject({ import: v.boolean(), refresh: v.boolean() }),
    v.description('What concerns a whole project, and whether the caller’s role allows it. The manager’s `authorize` is asked besides.'),
  ),
})

/** Who the caller is, as the host sees it: a page that uses the host's session does not know the name. */
export function whoAsks(): Endpoint {
  return endpoint({
    method: 'GET',
    path: '/actor',
    tag: 'actor',
    summary: 'Who makes this request, as the host sees it',
    access: 'read',
    query: v.strictObject({ project: v.optional(Project) }),
    answer: Who,
    action: ({ query }, services) => ({ verb: 'read', kind: 'all', project: projectOf(services, query.project), name: '*', labels: [] }),
    handle: async ({ identity, query }, services) => {
      const everything = { kind: 'all', name: '*', labels: [] } as const
      return {
        name: identity.name,
        signed_in: identity !== ANONYMOUS,
        may: {
          import: await mayDo(identity, { verb: 'import', project: projectOf(services, query.project), ...everything }),
          refresh: await mayDo(identity, { verb: 'refresh', project: '*', ...everything }),
        },
      }
    },
  })
}
