import { expect, it } from 'vitest'
import { definePrompt } from '../../src/index.js'
import { spawnWorker } from '../support/spawn-worker.js'
import type { EnsureHandlers } from './ensure-process.js'
import { historyOf, refusal, useRollouts } from './fixture.js'

const fixture = useRollouts()
const Greeting = definePrompt({ name: 'greeting', fallback: 'Hello {name}' })
const Chat = definePrompt({ name: 'chat', fallback: [{ role: 'user', content: '{{question}}' }], templateFormat: 'mustache' })

it('writes the prompts that are missing from their fallbacks, and nothing a second time', async () => {
  const manager = fixture.manager()

  const first = await manager.prompts.ensure([Greeting, Chat], { changedBy: 'deploy', summary: 'seeds' })
  const second = await manager.prompts.ensure([Greeting, Chat])
  const other = await manager.prompts.ensure([definePrompt({ name: 'third', fallback: 'x' })], { labels: ['staging', 'canary'] })

  expect(first).toMatchObject({ created: ['greeting', 'chat'], propagated: true })
  expect(second).toMatchObject({ created: [], revision: first.revision })
  expect(other).toMatchObject({ created: ['third'], revision: first.revision + 1 })
  expect(await manager.getPrompt('greeting')).toMatchObject({
    template: 'Hello {name}',
    version: 1,
    labels: ['production'],
    createdBy: 'deploy',
  })
  expect(await manager.getPrompt('chat')).toMatchObject({ type: 'chat', templateFormat: 'mustache', variables: ['question'] })
  expect((await manager.prompts.find({ name: 'third' }))?.labels).toEqual(['canary', 'staging'])
  expect(await historyOf(manager)).toMatchObject([
    { changeType: 'create', changedBy: 'deploy', changeSummary: 'seeds', revision: first.revision },
  ])
})

it('leaves alone what is there: other texts, other labels, and prompts that were deactivated', async () => {
  const manager = fixture.manager()
  await manager.prompts.create({ name: 'greeting', template: 'Edited {name}' })
  await manager.prompts.create({ name: 'chat', template: 'Gone', labels: ['production'] })
  await manager.prompts.deactivate({ name: 'chat' })

  expect((await manager.prompts.ensure([Greeting, Chat])).created).toEqual([])

  expect(await manager.prompts.find({ name: 'greeting' })).toMatchObject({ template: 'Edited {name}', labels: ['staging'] })
  expect(await manager.getPrompt('chat')).toBeUndefined()
})

it('takes all or nothing', async () => {
  const manager = fixture.manager()
  const broken = { name: 'broken', fallback: 'Hello {', templateFormat: 'f-string' } as const

  const refusals = [
    await refusal(manager.prompts.ensure([Greeting, broken])),
    await refusal(manager.prompts.ensure([Greeting, definePrompt({ name: 'no-fallback' })])),
    await refusal(manager.prompts.ensure([Greeting], { labels: ['latest'] })),
  ]

  expect(refusals).toMatchObject([
    { code: 'E_TEMPLATE_SYNTAX' },
    { code: 'E_INVALID_ARGUMENT', field: 'definitions[1].fallback' },
    { code: 'E_INVALID_ARGUMENT', field: 'labels[0]' },
  ])
  expect((await manager.prompts.list()).items).toEqual([])
})

it('writes each prompt once, though several processes ask for it at once', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `seed-${index}`)
  const args = [fixture.url, fixture.project, names.join()]
  const workers = await Promise.all(
    [1, 2, 3].map(() => spawnWorker<EnsureHandlers>(new URL('./ensure-process.ts', import.meta.url), { args })),
  )

  const created = await Promise.all(workers.flatMap((worker) => [worker.ask('ensure'), worker.ask('ensure')]))
  await Promise.all(workers.map((worker) => worker.ask('finish')))
  const codes = await Promise.all(workers.map((worker) => worker.end()))

  expect(created.flat().sort()).toEqual(names)
  expect(codes).toEqual([0, 0, 0])
  const { items } = await fixture.manager().prompts.list({ activeOnly: false, limit: 100 })
  expect(items.map(({ name, version }) => [name, version])).toEqual(names.map((name) => [name, 1]))
})

it('is asked about as a create, with who is asking, where the label is protected', async () => {
  const asked: unknown[] = []
  const manager = fixture.manager({ protectedLabels: ['production'], authorize: (request) => asked.push(request) > 1 })

  const refused = await refusal(manager.prompts.ensure([Greeting], { changedBy: 'deploy' }))
  const { created } = await manager.prompts.ensure([Greeting], { changedBy: 'deploy' })
  await manager.prompts.ensure([Greeting], { changedBy: 'deploy' })

  expect(refused).toMatchObject({ code: 'E_FORBIDDEN' })
  expect(created).toEqual(['greeting'])
  expect(asked).toEqual(
    Array(2).fill({
      action: 'create',
      kind: 'prompt',
      project: fixture.project,
      name: 'greeting',
      labels: ['production'],
      label: 'production',
      protected: true,
      actor: 'deploy',
    }),
  )
})
