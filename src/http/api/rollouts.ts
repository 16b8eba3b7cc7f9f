import * as v from 'valibot'
import type { Rollout } from '../../entities/rollout.js'
import type { Action } from '../actor.js'
import { jsonAnswer, taggedAnswer } from '../answer.js'
import * as answers from '../answers.js'
import { type Endpoint, endpoint, type Services } from '../endpoint.js'
import { notFound } from '../problem.js'
import type { Resource } from '../resources.js'
import { Date8601, Flag, JsonObject, Label, Name, Project, pick, Summary, Version, Versions } from '../schemas.js'
import { fromWire } from '../wire.js'
import { metaOf, projectOf } from './acts.js'
import { answerPage } from './answer-page.js'
import { currentOf } from './current.js'
import { RolloutQuery, WaitQuery } from './queries.js'
import { guardOf, showReport, showRollout } from './rollout-wire.js'
import { shownAs } from './show.js'

const Weight = v.pipe(v.number('must be a number'), v.minValue(0, 'must be 0 or more'))
const Arm = v.strictObject({ version: Version, weight: Weight })
const Coverage = v.pipe(
  v.number('must be a number'),
  v.minValue(0, 'must be 0 or more'),
  v.maxValue(100, 'must be at most 100'),
  v.description('Percent of subjects.'),
)
const summary = v.optional(Summary)
const Metric = v.union(
  [v.string(), v.strictObject({ name: v.string(), over_ms: v.optional(v.number()) })],
  'must be the name of a metric, or { name, over_ms }',
)
const Guard = v.strictObject({
  metrics: v.pipe(
    v.array(Metric, "must list metrics, such as ['error']"),
    v.description('What the candidate must not do worse in; { "name": "slow", "over_ms": 8000 } for slow runs.'),
  ),
  alpha: v.optional(v.pipe(v.number('must be a number'), v.description('The probability of a false alarm, all metrics together; 0.05.'))),
  action: v.optional(v.pipe(pick(['pause', 'notify']), v.description('What it does about a worse candidate; pause.'))),
  settle_ms: v.optional(
    v.pipe(v.number('must be a number'), v.description('How long a normal outcome may take, in milliseconds; 30,000.')),
  ),
})
const Arms = v.array(Arm, 'must be a list of { version, weight }')
const BODIES = {
  ramp: v.strictObject({
    coverage: v.optional(Coverage),
    arms: v.optional(Arms),
    weights: v.optional(v.array(Weight, 'must be a list of numbers')),
    enrol: v.optional(v.pipe(Flag, v.description('Of a sticky rollout: false takes no new subjects, and keeps those it has.'))),
    force: v.optional(Flag),
    summary,
  }),
  pause: v.strictObject({ summary }),
  resume: v.strictObject({
    force: v.optional(Flag),
    acknowledge: v.optional(
      v.pipe(Flag, v.description('Goes on although the guard has paused it: the evidence begins anew, at the price of another alpha.')),
    ),
    summary,
  }),
  conclude: v.strictObject({ winner: v.optional(Version), force: v.optional(Flag), summary }),
} as const
const EXAMPLES = { ramp: { coverage: 25 }, pause: { summary: 'Looking at it' }, resume: {}, conclude: { winner: 2 } } as const

async function findRollout({ manager }: Services, id: string): Promise<Rollout> {
  const found = await manager.rollouts.find(id)
  if (!found) throw notFound(`There is no rollout "${id}".`)
  return found
}

function readOf({ kind, project, name }: Rollout): Action {
  return { verb: 'read', kind, project, name, labels: [] }
}

/** A/B tests and gradual rollouts, of every labelled kind. */
export function rollouts(resources: readonly Resource[], answer: ReturnType<typeof answers.rollout>): readonly Endpoint[] {
  const kinds = resources.map(({ kind }) => kind)
  const currents = new Map(resources.map((resource) => [resource.kind as string, currentOf(resource, shownAs(resource))]))
  const labelOf = ({ defaults }: Services, kind: string, given: string | undefined) =>
    given ?? resources.find((resource) => resource.kind === kind)?.defaultLabel ?? defaults.label
  const common = { tag: 'rollouts', answer } as const
  return [
    endpoint({
      ...common,
      method: 'GET',
      path: '/rollouts',
      summary: 'Rollouts, newest first',
      access: 'read',
      query: v.strictObject({ ...RolloutQuery.entries, kind: v.optional(pick(kinds)) }),
      answer: answers.pageOf(answer),
      action: ({ query }): Action => ({
        verb: 'read',
        kind: query.kind ?? 'all',
        project: query.project ?? '*',
        name: query.name ?? '*',
        labels: [],
      }),
      handle: ({ query }, { manager }) => answerPage(manager, showRollout, () => manager.rollouts.list(fromWire(query) as object)),
    }),
    endpoint({
      ...common,
      method: 'GET',
      path: '/rollouts/:id',
      summary: 'One rollout',
      access: 'read',
      problems: [404],
      action: async ({ params }, services) => readOf(await findRollout(services, params.id!)),
      handle: async ({ params }, services) => taggedAnswer(showRollout(await findRollout(services, params.id!))),
    }),
    endpoint({
      ...common,
      method: 'GET',
      path: '/rollouts/:id/report',
      summary: 'What the outcomes of a rollout say so far, with intervals that hold at every look, and what its guard finds',
      access: 'read',
      answer: answers.RolloutReport,
      problems: [404],
      action: async ({ params }, services) => readOf(await findRollout(services, params.id!)),
      handle: async ({ params }, { manager }) => showReport(await manager.rollouts.report(params.id!)),
    }),
    endpoint({
      ...common,
      method: 'POST',
      path: '/rollouts',
      summary: 'Starts a rollout: an A/B test, or a gradual one',
      access: 'write',
      query: WaitQuery,
      body: v.strictObject({
        kind: pick(kinds),
        name: Name(),
        label: v.optional(Label),
        project: v.optional(Project),
        arms: v.pipe(Arms, v.minLength(1, 'must hold one arm or more')),
        coverage: v.optional(Coverage),
        sticky: v.optional(Flag),
        forced: v.optional(Versions),
        when: v.optional(JsonObject),
        schedule: v.optional(v.array(v.strictObject({ at: Date8601, coverage: Coverage }), 'must be a list of { at, coverage }')),
        record_exposures: v.optional(Flag),
        guard: v.optional(v.pipe(Guard, v.description('Pauses the rollout by itself when its candidate does worse.'))),
        force: v.optional(Flag),
        summary,
      }),
      status: 201,
      problems: [409, 422],
      example: {
        kind: 'prompt',
        name: 'greeting',
        coverage: 10,
        arms: [
          { version: 1, weight: 50 },
          { version: 2, weight: 50 },
        ],
      },
      action: ({ body }, services): Action => ({
        verb: 'rollout_start',
        kind: body.kind,
        project: projectOf(services, body.project),
        name: body.name,
        labels: [labelOf(services, body.kind, body.label)],
      }),
      current: ({ body }, services) =>
        currents.get(body.kind)?.(services, body.name, projectOf(services, body.project), body.label) ?? Promise.resolve(undefined),
      handle: async (call, services) => {
        const { summary: why, label: given, guard, ...body } = call.body
        const label = labelOf(services, body.kind, given)
        const start = { ...fromWire(body), label, ...(guard && { guard: guardOf(guard) }), ...metaOf(call, why) } as Parameters<
          typeof services.manager.rollouts.start
        >[0]
        const started = await services.manager.rollouts.start(start)
        return jsonAnswer(201, showRollout(started), { location: `${call.api}/rollouts/${started.id}` })
      },
    }),
    step('ramp', 'Changes how many subjects a rollout covers, or the weights of its arms'),
    step('pause', "Gives everybody the label's own version until the rollout resumes"),
    step('resume', 'Goes on with a paused rollout'),
    step('conclude', 'Ends a rollout; with a winner, the label is promoted to it in the same transaction'),
  ]

  /** What can be done with a rollout that is there. */
  function step(verb: keyof typeof BODIES, what: string): Endpoint {
    return endpoint({
      ...common,
      method: 'POST',
      path: `/rollouts/:id/${verb}`,
      summary: what,
      access: 'write',
      query: WaitQuery,
      body: BODIES[verb] as v.StrictObjectSchema<v.ObjectEntries, undefined>,
      problems: [404, 409, ...(verb === 'pause' ? [] : [422])],
      example: EXAMPLES[verb],
      action: async ({ params }, services): Promise<Action> => {
        const { kind, project, name, label } = await findRollout(services, params.id!)
        return { verb: `rollout_${verb}`, kind, project, name, labels: [label] }
      },
      current: async ({ params }, services) => {
        const found = await services.manager.rollouts.find(params.id!)
        return found && taggedAnswer(showRollout(found))
      },
      handle: async (call, { manager }) => {
        const { summary: why, ...body } = call.body as { summary?: string }
        return showRollout(await manager.rollouts[verb](call.params.id!, { ...fromWire(body), ...metaOf(call, why) }))
      },
    })
  }
}
