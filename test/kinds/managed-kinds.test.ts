import { afterEach, expect, it } from 'vitest'
import type { ConfigurationManager } from '../../src/index.js'
import { createTestManager } from '../../src/testing/index.js'
import { NOTES, TOOLS } from './a-kind.js'

let manager: ConfigurationManager
afterEach(() => manager.shutdown())

it('a manager lists its kinds, each with its repository and its reads', async () => {
  manager = createTestManager({ prompts: { p: 'x' }, flags: { f: true }, kinds: [TOOLS] })

  expect(manager.kinds.map(({ kind }) => kind)).toEqual(['prompt', 'model', 'embedding', 'flag', 'tool'])
  const named = (wanted: string) => manager.kinds.find(({ kind }) => kind === wanted)!
  await named('tool').repository.create({ name: 'search', content: { description: 'finds' }, labels: ['production'] })

  expect(await named('tool').get('search')).toMatchObject({ content: { timeoutSeconds: 30 }, version: 1 })
  expect(await named('flag').get('f')).toMatchObject({ value: true })
  expect((await named('prompt').repository.find({ name: 'p' }))?.version).toBe(1)
  expect([named('tool').declared, named('prompt').declared]).toEqual([TOOLS, undefined])
  expect(named('embedding')).toMatchObject({ plural: 'embeddings', defaultLabel: 'latest' })
  manager.of(NOTES)
  expect(named('note').defaultLabel).toBe('latest')
  expect(named('tool')).toBe(named('tool'))
})
