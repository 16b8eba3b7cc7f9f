import { afterEach, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/index.js'
import { createTestManager } from '../../src/testing/index.js'
import { NOTES, TOOLS } from './a-kind.js'

let manager: ConfigurationManager
afterEach(() => manager.shutdown())

it('a test manager holds entries of the host’s kinds from the start, and knows kinds without entries', async () => {
  manager = createTestManager({ kinds: [NOTES], entries: [{ kind: TOOLS, name: 'search', content: { description: 'finds' } }] })

  expect((await manager.of(TOOLS).get('search'))?.content).toEqual({ description: 'finds', timeoutSeconds: 30 })
  await manager.prefetch([{ kind: 'note' }])
  expect(await manager.of(NOTES).get('none')).toBeUndefined()
})
