import { expect, it, vi } from 'vitest'
import { aPrompt, refusal, useRollouts } from './fixture.js'

const fixture = useRollouts()
const ARM = { kind: 'prompt', name: 'greeting', arms: [{ version: 2, weight: 1 }] } as const

it('a process that never met a $regex reads, and then peeks, what a rollout with one says', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  await manager.rollouts.start({ ...ARM, when: { email: { $regex: '@example\\.org$' } } })
  vi.resetModules()
  const { createConfigManager } = await import('../../src/index.js')
  const { isPatternEngineLoaded } = await import('../../src/rollout/pattern.js')
  const other = createConfigManager({ database: fixture.url, redis: false, project: fixture.project })
  expect(isPatternEngineLoaded()).toBe(false)
  const inside = { subject: 'user-1', attributes: { email: 'ada@example.org' } }
  const outside = { subject: 'user-1', attributes: { email: 'ada@example.com' } }

  expect((await other.getPrompt('greeting', inside))?.selection).toMatchObject({ version: 2, reason: 'split' })
  expect(other.peekPrompt('greeting', inside)?.version).toBe(2)
  expect(other.peekPrompt('greeting', outside)?.selection).toMatchObject({ version: 1, reason: 'condition' })
  await other.shutdown()
})

it('a stored pattern that no engine takes matches no subject, and is refused when a rollout goes on with it', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)
  const { id } = await manager.rollouts.start({ ...ARM, when: { email: { $not: { $regex: 'x' } } } })
  await manager.rollouts.pause(id)
  await fixture.sql(`update agent_config.config_rollouts set conditions = '{"email": {"$not": {"$regex": "(?!x)"}}}' where id = $1`, [id])

  expect(await refusal(manager.rollouts.resume(id))).toMatchObject({ field: 'when.email.$not.$regex' })

  await fixture.sql(`update agent_config.config_rollouts set status = 'running' where id = $1`, [id])
  await manager.catchUp()
  expect((await manager.getPrompt('greeting', { subject: 'a', attributes: { email: 'b' } }))?.selection.reason).toBe('condition')
})

it('conditions of more than 64 KiB are refused', async () => {
  const manager = fixture.manager()
  await aPrompt(manager)

  const when = { plan: { $in: Array.from({ length: 10_000 }, (_, index) => `plan-${index}`) } }

  expect(await refusal(manager.rollouts.start({ ...ARM, when }))).toMatchObject({ field: 'when', code: 'E_INVALID_ARGUMENT' })
})
