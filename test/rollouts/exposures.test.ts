import { describe, expect, it } from 'vitest'
import type { ConfigurationManager, Exposure } from '../../src/index.js'
import { useRoles } from '../store/test-role.js'
import { eventually } from '../support/eventually.js'
import { startTcpProxy } from '../support/tcp-proxy.js'
import { aPrompt, HALVES, SUBJECTS, useRollouts, versionsOf } from './fixture.js'

const fixture = useRollouts()
const roleOn = useRoles()
const GREETING = { kind: 'prompt', name: 'greeting' } as const
const RECORDED = { ...GREETING, arms: HALVES, recordExposures: true } as const

function stored() {
  return fixture.sql<{ subject: string; arm: number; version: number }>(
    `select subject, arm, version from agent_config.config_exposures join agent_config.config_rollouts on id = rollout_id
      where project = $1 order by split_part(subject, '-', 2)::int, arm`,
    [fixture.project],
  )
}

function exposuresOf(manager: ConfigurationManager): Exposure[] {
  const exposures: Exposure[] = []
  manager.on('exposure', (exposure) => void exposures.push(exposure))
  return exposures
}

describe('the exposure event', () => {
  it('comes once for each subject and arm, and only for arms that were given', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id: rolloutId } = await manager.rollouts.start({ ...GREETING, arms: HALVES, coverage: 50, forced: { tester: 3 } })
    const exposures = exposuresOf(manager)
    const versions = await versionsOf(manager)
    await versionsOf(manager)
    await manager.getPrompt('greeting', { subject: 'tester' })
    await manager.getPrompt('greeting')
    manager.peekPrompt('greeting', { subject: SUBJECTS[0]! })

    expect(exposures).toEqual(
      SUBJECTS.flatMap((subject, index) => {
        const version = versions[index]!
        if (version === 1) return []
        return [{ ...GREETING, project: fixture.project, label: 'production', subject, version, rolloutId, arm: version - 2 }]
      }),
    )
    expect(exposures.length).toBeGreaterThan(50)
  })

  it('comes again for another arm, and not again after a step that leaves the arm', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start({ ...GREETING, arms: HALVES })
    const exposures = exposuresOf(manager)
    const subject = 'user-7'
    await manager.getPrompt('greeting', { subject })
    const arm = exposures[0]!.arm
    await manager.rollouts.pause(id)
    await manager.getPrompt('greeting', { subject })
    await manager.rollouts.resume(id)
    await manager.getPrompt('greeting', { subject })
    await manager.rollouts.ramp(id, { weights: arm === 0 ? [0, 1] : [1, 0] })
    await manager.getPrompt('greeting', { subject })

    expect(exposures.map((exposure) => exposure.arm)).toEqual([arm, 1 - arm])
  })

  it('comes from peekPrompt, for the other kinds and for sticky arms too', async () => {
    const manager = fixture.manager()
    const exposures = exposuresOf(manager)
    await aPrompt(manager)
    await manager.models.create({ name: 'm', provider: 'p', model: 'a', labels: ['production'] })
    await manager.embeddings.create({ name: 'e', embeddingModel: 'a', labels: ['production'] })
    await manager.rollouts.start({ ...GREETING, arms: [{ version: 2, weight: 1 }] })
    await manager.rollouts.start({ kind: 'model', name: 'm', arms: [{ version: 1, weight: 1 }], sticky: true })
    await manager.rollouts.start({ kind: 'embedding', name: 'e', arms: [{ version: 1, weight: 1 }] })
    await manager.prefetch([{ kind: 'prompt' }])
    manager.peekPrompt('greeting', { subject: 'ada' })
    await manager.getModelConfig('m', { subject: 'ada' })
    await manager.getEmbeddingConfig('e', { label: 'production', subject: 'ada' })

    expect(exposures.map(({ kind, name, version }) => [kind, name, version])).toEqual([
      ['prompt', 'greeting', 2],
      ['model', 'm', 1],
      ['embedding', 'e', 1],
    ])
  })
})

describe('the table of exposures', () => {
  it('is written in batches, and what waits at the end is written by shutdown', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    await manager.rollouts.start(RECORDED)
    const subjects = Array.from({ length: 1_200 }, (_, index) => `user-${index}`)
    const versions = await versionsOf(manager, subjects)
    await manager.shutdown()

    expect(await stored()).toEqual(subjects.map((subject, index) => ({ subject, version: versions[index], arm: versions[index]! - 2 })))
  })

  it('is written soon, by several workers without doubles, and only where the rollout says so', async () => {
    const [one, two] = [fixture.manager(), fixture.manager()]
    await aPrompt(one)
    await aPrompt(one, 'silent')
    await one.rollouts.start(RECORDED)
    await one.rollouts.start({ ...GREETING, name: 'silent', arms: HALVES })
    const versions = await versionsOf(one)
    await versionsOf(two)
    await versionsOf(one, SUBJECTS, 'silent')

    await eventually(async () => (await stored()).length === SUBJECTS.length)
    await Promise.all([one.shutdown(), two.shutdown()])

    expect((await stored()).map(({ version }) => version)).toEqual(versions)
  })

  it('gets what was seen while PostgreSQL was away as soon as it is back, though nobody reads any more', async () => {
    const target = new URL(fixture.url)
    const proxy = await startTcpProxy({ port: Number(target.port || 5432), host: target.hostname })
    target.hostname = '127.0.0.1'
    target.port = `${proxy.port}`
    const manager = fixture.manager({ database: target.href, timeouts: { databaseMs: 1_000, readMs: 2_000 }, pollIntervalMs: 300 })
    await aPrompt(manager)
    await manager.rollouts.start(RECORDED)
    const errors: string[] = []
    manager.on('error', ({ message }) => void errors.push(message))
    await proxy.refuse()
    await versionsOf(manager)
    await eventually(() => errors.some((message) => message.includes('Exposures')))
    const whileAway = await stored()
    await proxy.accept()

    await eventually(async () => (await stored()).length === SUBJECTS.length)
    await manager.shutdown()
    await proxy.close()

    expect(whileAway).toEqual([])
  })

  it('does without those of a rollout that was deleted meanwhile', async () => {
    const manager = fixture.manager()
    await aPrompt(manager)
    const { id } = await manager.rollouts.start(RECORDED)
    const errors: unknown[] = []
    manager.on('error', (event) => errors.push(event))
    await versionsOf(manager)
    await fixture.sql('delete from agent_config.config_rollouts where id = $1', [id])
    await manager.shutdown()

    expect(errors).toEqual([])
    expect(await stored()).toEqual([])
  })
})

describe('prune', () => {
  it('deletes exposures from before a moment, and arms of concluded rollouts only', async () => {
    await fixture.sql('delete from agent_config.config_exposures; delete from agent_config.config_assignments')
    const manager = fixture.manager()
    await aPrompt(manager)
    await aPrompt(manager, 'open')
    const first = await manager.rollouts.start({ ...RECORDED, sticky: true })
    await manager.rollouts.start({ ...RECORDED, name: 'open', sticky: true })
    for (const name of ['greeting', 'open']) await versionsOf(manager, SUBJECTS.slice(0, 20), name)
    await manager.rollouts.conclude(first.id)
    await manager.shutdown()
    await fixture.sql(
      `update agent_config.config_exposures set exposed_at = '2020-01-01' where rollout_id = $1 and split_part(subject, '-', 2)::int < 5`,
      [first.id],
    )
    const other = fixture.manager()

    const none = await other.prune({ before: new Date('2019-01-01') })
    const old = await other.prune({ before: new Date('2021-01-01') })
    const all = await other.prune({ before: new Date(Date.now() + 60_000) })

    expect(none).toMatchObject({ exposures: 0, assignments: 0 })
    expect(old).toMatchObject({ exposures: 5, assignments: 0 })
    expect(all).toMatchObject({ exposures: 35, assignments: 20 })
    const left = await fixture.sql('select 1 from agent_config.config_assignments')
    expect(left.length).toBe(20)
    // The rollout that is open still knows its subjects.
    expect(await other.rollouts.list({ project: fixture.project, status: 'running' })).toMatchObject({ items: [{ name: 'open' }] })
  })
})

describe('a role that may only read', () => {
  it('is told once that exposures are not recorded, and reads on', async () => {
    const { url } = await roleOn(
      fixture.url,
      (role) => `grant usage on schema agent_config to ${role}; grant select on all tables in schema agent_config to ${role}`,
    )
    const writer = fixture.manager()
    await aPrompt(writer)
    await writer.rollouts.start(RECORDED)
    const reader = fixture.manager({ database: url })
    const errors: string[] = []
    reader.on('error', ({ message }) => void errors.push(message))

    for (const subject of SUBJECTS.slice(0, 5)) await reader.getPrompt('greeting', { subject })
    await eventually(() => errors.length > 0)
    for (const subject of SUBJECTS.slice(5, 50)) await reader.getPrompt('greeting', { subject })
    await reader.shutdown()

    expect(errors).toEqual([expect.stringContaining('not recorded')])
    expect(reader.stats().database.state).toBe('up')
    expect(await stored()).toEqual([])
  })
})
