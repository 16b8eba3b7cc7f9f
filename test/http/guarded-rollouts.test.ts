import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.js'
import { type OpenHandler, openHandler, VIEWER } from './open-handler.js'

const ARMS = [
  { version: 1, weight: 1 },
  { version: 2, weight: 1 },
]
const GUARD = { metrics: ['error', { name: 'slow', over_ms: 8_000 }], settle_ms: 0 }

let open: OpenHandler
let count = 0

beforeAll(async () => {
  open = await openHandler()
})
afterAll(() => open.close())

async function start(body: object = {}) {
  const name = `triage-${++count}`
  await open.manager.prompts.create({ name, template: 'one', labels: ['production'] })
  await open.manager.prompts.createVersion({ name, template: 'two', labels: [] })
  return { name, ...(await open.ask('POST', '/rollouts', { kind: 'prompt', name, arms: ARMS, guard: GUARD, ...body })) }
}

/** Every subject of version 2 fails, none of version 1. */
async function fail(name: string, people = 60): Promise<void> {
  for (let index = 0; index < people; index++) {
    const subject = `user-${index}`
    const prompt = await open.manager.getPrompt(name, { subject })
    open.manager.outcomes.record({ subject, metric: 'error', bad: prompt?.version === 2 })
    open.manager.outcomes.record({ subject, metric: 'cost', value: index / 10 })
  }
  await open.manager.outcomes.flush()
}

describe('a guarded rollout over HTTP', () => {
  it('starts with the guard it was given, and shows it wherever the rollout is shown', async () => {
    const { status, body } = await start({ coverage: 20 })
    const listed = await open.ask('GET', '/rollouts?status=running')

    const guard = {
      metrics: [{ name: 'error' }, { name: 'slow', over_ms: 8_000 }],
      alpha: 0.05,
      action: 'pause',
      settle_ms: 0,
      control: 0,
      acknowledged: 0,
      alpha_spent: 0.05,
      since: expect.any(String),
    }
    expect(status).toBe(201)
    expect(body).toMatchObject({ guard, record_exposures: true, coverage: 20 })
    expect((await open.ask('GET', `/rollouts/${body.id}`)).body.guard).toEqual(guard)
    expect(listed.body.items[0].guard).toEqual(guard)
  })

  it('is refused with a pointer to what is wrong', async () => {
    const wrong = async (guard: unknown) => {
      const { status, body } = await start({ guard })
      return [status, body.errors?.[0].pointer]
    }

    expect(await wrong({ metrics: [] })).toEqual([400, '/guard/metrics'])
    expect(await wrong({ metrics: ['slow'] })).toEqual([400, '/guard/metrics/0'])
    expect(await wrong({ metrics: ['error'], alpha: 1 })).toEqual([400, '/guard/alpha'])
    expect(await wrong({ metrics: ['error'], settle_ms: -1 })).toEqual([400, '/guard/settle_ms'])
    expect(await wrong({ metrics: ['error'], settleMs: 1 })).toEqual([400, '/guard/settleMs'])
    expect(await wrong({ metrics: ['error'], action: 'widen' })).toEqual([400, '/guard/action'])
    expect(await wrong('on')).toEqual([400, '/guard'])
  })

  it('is reported: shares and means with intervals, the ratio, and what the guard finds', async () => {
    const { name, body } = await start({ guard: { ...GUARD, action: 'notify' } })
    await fail(name, 200)

    const report = await open.ask('GET', `/rollouts/${body.id}/report`, undefined, VIEWER)

    const [control, candidate] = report.body.arms
    expect(report.status).toBe(200)
    expect(control).toMatchObject({ version: 1, metrics: { error: { bad: 0, share: 0, interval: [0, expect.any(Number)] } } })
    expect(candidate.metrics.error).toMatchObject({ bad: candidate.subjects, share: 1 })
    expect(candidate.metrics.error.reported_after_ms).toEqual({ median: expect.any(Number), p95: expect.any(Number) })
    expect(candidate.metrics.cost.mean).toBeGreaterThan(0)
    expect(report.body.ratio).toMatchObject({ observed: [control.subjects, candidate.subjects], ok: true })
    expect(report.body.guard).toMatchObject([
      { metric: 'error', threshold: 40, verdict: 'worse' },
      { metric: 'slow', verdict: 'ok' },
    ])
    expect(report.body.guard[0].evidence).toBeGreaterThan(40)
  })

  it('without a guard is reported too; one that is not there is 404', async () => {
    const { body } = await start({ guard: undefined })

    expect((await open.ask('GET', `/rollouts/${body.id}/report`)).body).toMatchObject({ rollout_id: body.id, guard: [] })
    expect((await open.ask('GET', '/rollouts/nope/report')).status).toBe(404)
  })

  it('pauses, and goes on only with acknowledge', async () => {
    const { name, body } = await start()
    await fail(name)
    await eventually(async () => expect((await open.ask('GET', `/rollouts/${body.id}`)).body).toMatchObject({ status: 'paused' }))

    const acted = await open.ask('GET', `/rollouts/${body.id}`)
    const refused = await open.ask('POST', `/rollouts/${body.id}/resume`, {})
    const resumed = await open.ask('POST', `/rollouts/${body.id}/resume`, { acknowledge: true, summary: 'the outage was elsewhere' })

    expect(acted.body.guard.acted).toBe(true)
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ pointer: '/acknowledge' }] } })
    expect(resumed).toMatchObject({ status: 200, body: { status: 'running', guard: { acknowledged: 1, alpha_spent: 0.1 } } })
    expect(resumed.body.guard.acted).toBeUndefined()
  })

  it('ramps its coverage and not its weights', async () => {
    const { body } = await start()
    const ramp = (change: object) => open.ask('POST', `/rollouts/${body.id}/ramp`, change)

    expect(await ramp({ coverage: 50 })).toMatchObject({ status: 200, body: { coverage: 50 } })
    expect(await ramp({ weights: [1, 3] })).toMatchObject({ status: 400, body: { errors: [{ pointer: '/weights' }] } })
    expect(await ramp({ arms: ARMS })).toMatchObject({ status: 400, body: { errors: [{ pointer: '/arms' }] } })
  })
})

it('a sticky rollout takes no new subjects with enrol: false, and others cannot', async () => {
  const sticky = await start({ guard: undefined, sticky: true })
  const other = await start({ guard: undefined })

  const closed = await open.ask('POST', `/rollouts/${sticky.body.id}/ramp`, { enrol: false })
  const reopened = await open.ask('POST', `/rollouts/${sticky.body.id}/ramp`, { enrol: true })

  expect(closed).toMatchObject({ status: 200, body: { enrol: false } })
  expect(reopened.body.enrol).toBeUndefined()
  expect(await open.ask('POST', `/rollouts/${other.body.id}/ramp`, { enrol: false })).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: '/enrol' }] },
  })
})
