import { afterAll, beforeAll, expect, it } from 'vitest'
import { BaseAgent, type ConfigurationManager, type RunContext } from '../../src/index.js'
import { createTestManager, FakeLLMClient } from '../../src/testing/index.js'

class Greeter extends BaseAgent<string, string> {
  readonly name = 'greeter'
  override readonly promptName = 'greeting'
  protected override fallbackPrompt(): string {
    return 'from code'
  }
  protected override async run(_: string, context: RunContext): Promise<string> {
    return this.getPrompt({}, { context })
  }
}

const llm = () => new FakeLLMClient(() => 'x')
let manager: ConfigurationManager

beforeAll(async () => {
  manager = createTestManager({ prompts: { greeting: 'from the database' }, flags: { 'db-prompts': false } })
  await manager.flags.createVersion({ name: 'db-prompts', value: true })
})
afterAll(() => manager.shutdown())

it('a flag says for whom an agent reads its prompts from the database, from its first run on', async () => {
  const agent = new Greeter({ llm: llm(), manager, databasePrompts: { flag: 'db-prompts' } })
  const answers = () => Promise.all(Array.from({ length: 100 }, (_, n) => agent.execute('hi', { subject: `user-${n}` })))

  const before = await answers()
  const { id } = await manager.rollouts.start({ kind: 'flag', name: 'db-prompts', arms: [{ version: 2, weight: 1 }], coverage: 50 })
  const split = await answers()
  await manager.rollouts.conclude(id, { winner: 2 })

  expect(new Set(before)).toEqual(new Set(['from code']))
  expect(split.filter((answer) => answer === 'from the database').length).toBeGreaterThan(25)
  expect(split).toContain('from code')
  expect(new Set(await answers())).toEqual(new Set(['from the database']))
})

it('a flag that is missing, or of another type, means the prompts in code', async () => {
  await manager.flags.create({ name: 'a-text', value: 'true', labels: ['production'] })

  for (const flag of ['none', 'a-text']) {
    expect(await new Greeter({ llm: llm(), manager, databasePrompts: { flag } }).execute('hi', { subject: 'u' })).toBe('from code')
  }
})
