import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { checkFiles, readConfigFiles } from '../../src/files/index.js'
import { createTestManager } from '../../src/testing/index.js'

const EXAMPLE = fileURLToPath(new URL('../../examples/files/agent-config', import.meta.url))

it('runs a test on the files that production will get', async () => {
  expect(checkFiles(readConfigFiles(EXAMPLE))).toEqual({ ok: true, checked: 5, problems: [] })

  const manager = createTestManager({ files: EXAMPLE })

  expect((await manager.getPrompt('support/triage'))?.compile({ product: 'tea' })).toContain('tickets of tea.')
  expect((await manager.getPrompt('support/answer'))?.type).toBe('chat')
  expect(await manager.getModelConfig()).toMatchObject({ model: 'llama3.2', fallbacks: [{ model: 'qwen3' }] })
  expect(await manager.getFlag('new-answers', true)).toBe(false)
  await manager.shutdown()
})

it('refuses files with a problem before anything starts', () => {
  expect(() => createTestManager({ files: 'no/such/folder' })).toThrow(/no\/such\/folder/)
})
