import type { Rollout } from 'agent-config'
import * as answers from './answers.js'
import { type Endpoint, endpoint } from './endpoint.js'
import { notFound } from './labelled.js'
import { ConclusionBody, NoteBody, RampBody, RolloutBody, RolloutQuery } from './schemas.js'
import { fromWire, toWire, toWirePage } from './wire.js'

/** Percent and dates on the wire; hundredths of a percent and milliseconds are the store's own. */
function show({ coverageBasisPoints: _, schedule, ...rollout }: Rollout) {
  const steps = schedule?.map((step) => ({ at: new Date(step.atMs).toISOString(), coverage: step.coverageBasisPoints / 100 }))
  return { ...toWire(rollout), ...(steps && { schedule: steps }) }
}

/** What can be done with a rollout that is there. */
function step<Body extends typeof RampBody | typeof NoteBody | typeof ConclusionBody>(
  verb: 'ramp' | 'pause' | 'resume' | 'conclude',
  summary: string,
  body: Body,
): Endpoint {
  return endpoint<undefined, Body>({
    method: 'post',
    path: `/rollouts/:id/${verb}`,
    summary,
    access: 'write',
    body,
    answer: answers.Rollout,
    problems: [404, 409],
    handle: async (call, { manager }) =>
      show(await manager.rollouts[verb](call.params.id!, { ...fromWire(call.body as object), changedBy: call.actor })),
  })
}

export const ROLLOUTS: readonly Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/rollouts',
    summary: 'Rollouts, newest first',
    access: 'read',
    query: RolloutQuery,
    answer: answers.pageOf(answers.Rollout),
    handle: async ({ query }, { manager }) => {
      const { items, ...page } = await manager.rollouts.list(fromWire(query))
      return { ...toWirePage({ ...page, items: [] }), items: items.map(show) }
    },
  }),
  endpoint({
    method: 'get',
    path: '/rollouts/:id',
    summary: 'One rollout',
    access: 'read',
    answer: answers.Rollout,
    problems: [404],
    handle: async ({ params }, { manager }) => {
      const found = await manager.rollouts.find(params.id!)
      if (!found) throw notFound(`There is no rollout "${params.id}".`)
      return show(found)
    },
  }),
  endpoint({
    method: 'post',
    path: '/rollouts',
    summary: 'Starts a rollout: an A/B test, or a gradual one',
    access: 'write',
    body: RolloutBody,
    answer: answers.Rollout,
    status: 201,
    problems: [404, 409, 422],
    handle: async ({ body, actor }, { manager }) => show(await manager.rollouts.start({ ...fromWire(body), changedBy: actor })),
  }),
  step('ramp', 'Changes how many subjects a rollout covers, or the weights of its arms', RampBody),
  step('pause', "Gives everybody the label's own version until the rollout resumes", NoteBody),
  step('resume', 'Goes on with a paused rollout', NoteBody),
  step('conclude', 'Ends a rollout; with a winner, the label is promoted to it in the same transaction', ConclusionBody),
]
