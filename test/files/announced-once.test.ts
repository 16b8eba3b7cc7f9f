import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { pushFiles, readConfigFiles, writeConfigFiles } from '../../src/files/index.js'
import { createConfigManager } from '../../src/index.js'
import { createTestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'

const FILES = 200

it('a push of two hundred prompts is one revision and one announcement', async () => {
  const database = await createTestDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'agent-config-once-'))
  const namespace = uniqueNamespace()
  const manager = createConfigManager({ database: database.url, redis: testRedisUrl(), namespace })
  const listener = new Redis(testRedisUrl())
  onTestFinished(async () => {
    listener.disconnect()
    await manager.shutdown()
    await database.drop()
    rmSync(folder, { recursive: true })
  })
  const messages: { readonly revision: number; readonly scopes: readonly string[] }[] = []
  listener.on('pmessage', (_pattern, _channel, text: string) => void messages.push(JSON.parse(text)))
  await listener.psubscribe(`*${namespace}*`)
  const content = { type: 'text', template: 'Hello', templateFormat: 'f-string', description: null, model: null, parameters: {} }
  writeConfigFiles(folder, { files: Array.from({ length: FILES }, (_, place) => ({ kind: 'prompt', name: `p${place}`, content })) })

  const { revision, written } = await pushFiles(manager, readConfigFiles(folder))
  // What came after it would come as well.
  await sleep(200)

  expect(written).toHaveLength(FILES)
  expect(messages.map((message) => message.revision)).toEqual([revision])
  expect(messages[0]?.scopes).toHaveLength(FILES)
})
