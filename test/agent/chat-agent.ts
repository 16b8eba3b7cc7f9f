import type { AgentCallOptions } from '../../src/agent/agent-options.js'
import { BaseAgent } from '../../src/agent/base-agent.js'
import type { AgentRequest } from '../../src/agent/model-choice.js'
import type { RunContext } from '../../src/agent/run-context.js'
import type { RunEvent } from '../../src/agent/run-event.js'
import { MemoryManager } from './memory-manager.js'

/** Asks one question, with what a test adds to it. */
export class Asker extends BaseAgent<string, string> {
  readonly name = 'asker'
  request: Partial<AgentRequest> = {}
  call: AgentCallOptions = {}

  protected override async run(input: string, context: RunContext): Promise<string> {
    return (await this.chat({ messages: [{ role: 'user', content: input }], ...this.request }, context, this.call)).text
  }
}

/** The events of an agent's runs, as they come. */
export function eventsOf(agent: Pick<BaseAgent<never, unknown>, 'on'>): RunEvent[] {
  const events: RunEvent[] = []
  agent.on('run', (event) => events.push(event))
  return events
}

/** A manager with these models, in order. */
export function managerOf(...models: readonly string[]): MemoryManager {
  const manager = new MemoryManager()
  const [first = 'one', ...others] = models
  const provider = (name: string) => (name.includes('/') ? name.split('/', 1)[0]! : 'fake')
  const model = (name: string) => name.split('/').at(-1)!
  manager.setModel(
    provider(first),
    model(first),
    others.map((name) => ({ provider: provider(name), model: model(name) })),
  )
  return manager
}
