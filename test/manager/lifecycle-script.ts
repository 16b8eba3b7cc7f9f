import { createConfigManager } from '../../src/manager/global-manager.js'

// A script of lifecycle.test.ts: uses a manager, shuts it down, and has to end by itself.

const [database, redis, namespace] = process.argv.slice(2) as [string, string, string]
const manager = createConfigManager({ database, redis: redis === 'none' ? false : redis, namespace, project: 'script' })
manager.on('change', () => {})
await manager.prompts.createVersion({ name: 'p', template: 'x', labels: ['production'] })
await manager.publishInvalidation('prompt')
const prompt = await manager.getPrompt('p')
await manager.shutdown()
console.log(prompt?.template)
