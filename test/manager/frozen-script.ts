import { createConfigManager } from '../../src/manager/global-manager.js'

// A script of postgres-away.test.ts: listens, says so, and shuts down when it is told to. It has to end by itself.

const [database] = process.argv.slice(2) as [string]
const manager = createConfigManager({ database, redis: false })
await manager.ready()
process.on('SIGUSR2', () => void manager.shutdown())
console.log('listening')
