import { createTestManager } from '../../src/testing/index.js'

// A script of one-manager.test.ts: writes with a test manager, shuts it down, and has to end by itself at once.

const manager = createTestManager({ prompts: { greeting: 'Hello' } })
await manager.prompts.createVersion({ name: 'greeting', template: 'Good morning', labels: ['production'] })
await manager.shutdown()
const before = performance.now()
process.on('exit', () => console.log(`${Math.round(performance.now() - before)} ms`))
