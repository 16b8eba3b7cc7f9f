import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  type ChatMessage,
  type ChatMessageTemplate,
  createConfigManager,
  type DefinedPrompt,
  definePrompt,
  type Message,
  type Prompt,
} from '../../src/index.js'
import { aPrompt, historyOf, refusal, useRollouts } from './fixture.js'

const fixture = useRollouts()

const Greeting = definePrompt({
  name: 'greeting',
  variables: v.object({ name: v.string(), times: v.optional(v.number(), 1) }),
  fallback: 'Hello {name}, {times} times',
})
const Bare = definePrompt({ name: 'greeting', variables: v.object({ name: v.string() }) })

const bare = () => fixture.manager().getPrompt(Bare)

describe('a defined prompt', () => {
  it('is typed by its schema', async () => {
    const manager = fixture.manager()
    const withFallback = await manager.getPrompt(Greeting)

    expectTypeOf(withFallback).toEqualTypeOf<DefinedPrompt<{ name: string; times?: number | undefined }, string>>()
    expectTypeOf(await manager.getPrompt(Bare)).toEqualTypeOf<DefinedPrompt<{ name: string }> | undefined>()
    expectTypeOf(await manager.getPrompt('greeting')).toEqualTypeOf<Prompt | undefined>()
    expectTypeOf(withFallback.compile({ name: 'Ada' })).toEqualTypeOf<string>()
    expectTypeOf<ReturnType<NonNullable<Awaited<ReturnType<typeof bare>>>['compile']>>().toEqualTypeOf<string | ChatMessage[]>()
    // @ts-expect-error a variable is missing
    expect(() => withFallback.compile({})).toThrow(expect.objectContaining({ code: 'E_TEMPLATE_VARIABLE', variables: ['name'] }))
    // @ts-expect-error a variable is of another type
    expect(() => withFallback.compile({ name: 7 })).toThrow(expect.objectContaining({ code: 'E_TEMPLATE_VARIABLE' }))
    // @ts-expect-error the variables may not be left out
    expect(() => withFallback.compile()).toThrow(expect.objectContaining({ code: 'E_TEMPLATE_VARIABLE' }))
  })

  it('comes from the store where there is one, checked and with the schema’s defaults', async () => {
    const manager = fixture.manager()
    const fallbacks: unknown[] = []
    manager.on('fallback', (event) => fallbacks.push(event))
    await manager.prompts.create({ name: 'greeting', template: '{times} x {name}', labels: ['production'] })

    const prompt = await manager.getPrompt(Greeting, { subject: 'user-7' })

    expect(prompt).toMatchObject({ version: 1, source: 'memory', selection: { reason: 'label' } })
    expect(prompt.compile({ name: 'Ada' })).toBe('1 x Ada')
    expect(await manager.getPrompt(Greeting)).toBe(prompt)
    expect(fallbacks).toEqual([])
  })

  it('falls back to the code while the store has none, and says so', async () => {
    const manager = fixture.manager()
    const fallbacks: unknown[] = []
    manager.on('fallback', (event) => fallbacks.push(event))

    const prompt = await manager.getPrompt(Greeting)
    const absent = await manager.getPrompt(Bare)
    const version = await manager.getPrompt(Greeting, { version: 3 })
    await manager.prompts.create({ name: 'greeting', template: 'Stored: {name}', labels: ['production'] })
    const stored = await manager.getPrompt(Greeting)

    expect(prompt).toMatchObject({ source: 'fallback', version: 0, type: 'text', labels: [], stale: false, revision: 0 })
    expect(prompt.compile({ name: 'Ada' })).toBe('Hello Ada, 1 times')
    expect([absent, version]).toEqual([undefined, undefined])
    expect(fallbacks).toEqual([{ kind: 'prompt', project: fixture.project, name: 'greeting', error: undefined }])
    expect(stored.compile({ name: 'Ada' })).toBe('Stored: Ada')
  })

  it('falls back to the code while the store does not answer, and rejects where there is no fallback', async () => {
    const manager = createConfigManager({
      database: 'postgresql://nobody@127.0.0.1:1/nowhere',
      redis: false,
      timeouts: { databaseMs: 300, readMs: 600 },
    })
    const fallbacks: { error: unknown }[] = []
    manager.on('fallback', (event) => void fallbacks.push(event))

    const prompt = await manager.getPrompt(Greeting)
    const refused = await refusal(manager.getPrompt(Bare))
    await manager.shutdown()
    const closed = await refusal(manager.getPrompt(Greeting))

    expect(prompt.source).toBe('fallback')
    expect(refused).toMatchObject({ code: 'E_STORE_UNAVAILABLE' })
    expect(fallbacks).toEqual([expect.objectContaining({ error: expect.objectContaining({ code: 'E_STORE_UNAVAILABLE' }) })])
    expect(closed).toMatchObject({ code: 'E_MANAGER_CLOSED' })
  })
})

describe('the contract of a registered prompt', () => {
  const NEEDS_MORE = 'Hello {name} of {city}'

  it('refuses what needs more, for the label and for arms, unless forced, which the changelog keeps', async () => {
    const manager = fixture.manager()
    await manager.prompts.create({ name: 'greeting', template: 'Hello {name}', labels: ['production'] })
    await manager.prompts.createVersion({ name: 'greeting', template: NEEDS_MORE, labels: [] })
    await manager.prompts.createVersion({ name: 'greeting', template: 'Hi {name}', labels: [] })
    manager.registerPrompt(Greeting)
    const arms = [3, 2].map((version) => ({ version, weight: 1 }))
    const { prompts, rollouts } = manager
    const target = { kind: 'prompt', name: 'greeting' } as const

    const refusals = [
      await refusal(prompts.promote({ name: 'greeting', version: 2 })),
      await refusal(prompts.createVersion({ name: 'greeting', template: NEEDS_MORE, labels: ['production'] })),
      await refusal(rollouts.start({ ...target, arms })),
    ]
    const started = await rollouts.start({ ...target, arms, force: true })
    refusals.push(await refusal(rollouts.ramp(started.id, { coverage: 5 })))
    await rollouts.ramp(started.id, { coverage: 5, force: true })
    await rollouts.pause(started.id)
    refusals.push(await refusal(rollouts.resume(started.id)))
    await rollouts.resume(started.id, { force: true })
    refusals.push(await refusal(rollouts.conclude(started.id, { winner: 2 })))
    await rollouts.conclude(started.id, { winner: 2, force: true })
    await prompts.promote({ name: 'greeting', version: 3 })
    await prompts.promote({ name: 'greeting', version: 2, force: true })

    for (const refused of refusals) {
      expect(refused).toMatchObject({ code: 'E_TEMPLATE_VARIABLE', variables: ['city'], message: expect.stringContaining('Version') })
    }
    expect(refusals).toHaveLength(6)
    const forced = (await historyOf(manager))
      .filter((row) => (row.newData as { force?: boolean }).force)
      .map(({ changeType }) => changeType)
    expect(forced).toEqual(['rollout_start', 'rollout_ramp', 'rollout_resume', 'rollout_conclude', 'promote'])
  })

  it('asks only managers that registered it, only about that name, and not about drafts', async () => {
    const registered = fixture.manager()
    const plain = fixture.manager()
    registered.registerPrompt(Greeting)
    await aPrompt(registered, 'other')

    await registered.prompts.create({ name: 'greeting', template: NEEDS_MORE })
    await plain.prompts.promote({ name: 'greeting', version: 1 })
    await registered.prompts.createVersion({ name: 'other', template: NEEDS_MORE, labels: ['production'] })

    expect((await registered.getPrompt('greeting'))?.template).toBe(NEEDS_MORE)
  })

  it('does not stand in the way of going back, nor of pausing and ending', async () => {
    const manager = fixture.manager()
    await manager.prompts.create({ name: 'greeting', template: NEEDS_MORE, labels: ['production'] })
    await manager.prompts.createVersion({ name: 'greeting', template: 'Hi {name}', labels: ['production'] })
    const { id } = await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: [{ version: 1, weight: 1 }] })
    manager.registerPrompt(Greeting)

    await manager.rollouts.pause(id)
    await manager.rollouts.conclude(id)
    const back = await manager.prompts.rollback({ name: 'greeting' })

    expect(back.version).toBe(1)
  })

  it('refuses a version of the other type, and one that drops a variable the definition requires', async () => {
    const manager = fixture.manager()
    const Chat = definePrompt({ name: 'chat', fallback: [{ role: 'user', content: '{question}' }] })
    const { prompts, rollouts } = manager
    await prompts.create({ name: 'greeting', template: 'Hello {name}', labels: ['production'] })
    await prompts.createVersion({ name: 'greeting', template: [{ role: 'user', content: 'Hello {name}' }], labels: [] })
    await prompts.createVersion({ name: 'greeting', template: 'Hello', labels: [] })
    await prompts.createVersion({ name: 'greeting', template: 'Hello {{#name}}you{{/name}}', templateFormat: 'mustache', labels: [] })
    await prompts.create({ name: 'chat', template: '{question}' })
    manager.registerPrompt(Greeting)
    manager.registerPrompt(Chat)

    const isChat = { code: 'E_INVALID_ARGUMENT', field: 'type', message: expect.stringContaining('takes text') }
    const isDropped = { code: 'E_TEMPLATE_VARIABLE', variables: ['name'], message: expect.stringContaining('does without "name"') }
    expect(await refusal(prompts.promote({ name: 'greeting', version: 2 }))).toMatchObject(isChat)
    expect(await refusal(prompts.promote({ name: 'greeting', version: 3 }))).toMatchObject(isDropped)
    expect(
      await refusal(prompts.createVersion({ name: 'greeting', template: 'Hi', templateFormat: 'f-string', labels: ['beta'] })),
    ).toMatchObject(isDropped)
    expect(await refusal(rollouts.start({ kind: 'prompt', name: 'greeting', arms: [{ version: 2, weight: 1 }] }))).toMatchObject(isChat)
    expect(await refusal(prompts.promote({ name: 'chat', version: 1 }))).toMatchObject({
      field: 'type',
      message: expect.stringContaining('takes chat'),
    })
    // A variable that only a section uses is used, and times has a default.
    await prompts.promote({ name: 'greeting', version: 4 })
    await prompts.promote({ name: 'greeting', version: 2, force: true })
    expect((await manager.getPrompt('greeting'))?.type).toBe('chat')
  })

  it('lets a version do without what the definition’s own fallback does without', async () => {
    const manager = fixture.manager()
    manager.registerPrompt(definePrompt({ name: 'p', variables: v.object({ a: v.string(), b: v.string() }), fallback: '{a}' }))
    const labels = ['production']

    await manager.prompts.create({ name: 'p', template: '{a}!', labels })

    expect(await refusal(manager.prompts.createVersion({ name: 'p', template: '{b}', labels }))).toMatchObject({ variables: ['a'] })
  })
})

describe('types of prompts', () => {
  it('follow the definition, and the type of a prompt that was asked for by name', async () => {
    const manager = fixture.manager()
    const text = await manager.getPrompt(definePrompt({ name: 't', fallback: 'Hi {who}' }))
    const chat = await manager.getPrompt(
      definePrompt({ name: 'c', fallback: [{ role: 'system', content: 'Hi {who}' }, { placeholder: 'history' }] }),
    )
    const parts = await manager.getPrompt(
      definePrompt({ name: 'p', fallback: [{ role: 'user', content: [{ type: 'image', url: '{photo}' }] }] }),
    )
    const declared = await manager.getPrompt(definePrompt({ name: 'd', type: 'chat' }))
    await manager.prompts.create({ name: 'named', template: 'x', labels: ['production'] })
    const named = await manager.getPrompt('named')

    expectTypeOf(text.compile({ who: 'Ada' })).toEqualTypeOf<string>()
    expectTypeOf(chat.compile).returns.toEqualTypeOf<ChatMessage[]>()
    expectTypeOf(parts.compile).returns.toEqualTypeOf<Message[]>()
    expectTypeOf<NonNullable<typeof declared>['compile']>().returns.toEqualTypeOf<ChatMessage[]>()
    if (named?.type === 'text') {
      expectTypeOf(named.compile()).toEqualTypeOf<string>()
      expectTypeOf(named.template).toEqualTypeOf<string>()
    }
    if (named?.type === 'chat') {
      expectTypeOf(named.compile()).toEqualTypeOf<ChatMessage[]>()
      expectTypeOf(named.template).toEqualTypeOf<readonly ChatMessageTemplate[]>()
    }
    expect(text.compile({ who: 'Ada' })).toBe('Hi Ada')
    expect(chat.compile({ who: 'Ada', history: [] })).toEqual([{ role: 'system', content: 'Hi Ada' }])
    expect(parts.compile({ photo: 'https://x/y.png' })).toEqual([{ role: 'user', content: [{ type: 'image', url: 'https://x/y.png' }] }])
    expect(named?.compile()).toBe('x')
  })
})
