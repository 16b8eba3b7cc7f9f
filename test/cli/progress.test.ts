import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CliIo } from '../../src/cli/command.js'
import { withProgress } from '../../src/cli/progress.js'
import {
  exportBundle,
  type FilesProgress,
  importBundle,
  pullFiles,
  pushFiles,
  readConfigFiles,
  writeConfigFiles,
} from '../../src/files/index.js'
import { type ConfigurationManager, createConfigManager } from '../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

describe('a command on a terminal', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  async function shown(isTerminal: boolean, tellEveryMs: number): Promise<string> {
    const said: string[] = []
    const io = { isTerminal, stderr: (text: string) => void said.push(text) } as unknown as CliIo
    await withProgress(io, async (onProgress) => {
      for (let done = 1; done <= 10; done++) {
        await vi.advanceTimersByTimeAsync(tellEveryMs)
        onProgress(done > 5 ? { doing: 'written', done, total: 10 } : { doing: 'read', done })
      }
    })
    return said.join('')
  }

  it('says how far long work is on one line, and wipes it', async () => {
    expect((await shown(true, 100)).split('\r\u001b[K')).toEqual([
      '',
      '5 versions read',
      ...[6, 7, 8, 9, 10].map((done) => `${done} of 10 versions written`),
      '',
    ])
  })

  it('says nothing of work that ends soon, no more than ten lines a second, and nothing without a terminal', async () => {
    expect(await shown(true, 40)).toBe('')
    expect((await shown(true, 60)).split('\r\u001b[K')).toHaveLength(3)
    expect(await shown(false, 100)).toBe('')
  })
})

describe('the library', () => {
  let database: TestDatabase
  let manager: ConfigurationManager
  let folder: string
  beforeAll(async () => {
    database = await createTestDatabase()
    manager = createConfigManager({ database: database.url, redis: false })
    folder = join(mkdtempSync(join(tmpdir(), 'agent-config-progress-')), 'files')
  })
  afterAll(async () => {
    await manager.shutdown()
    await database.drop()
    rmSync(join(folder, '..'), { recursive: true })
  })

  it('tells how many versions a push, a pull, an export and an import have read or written', async () => {
    const told: FilesProgress[] = []
    const onProgress = (progress: FilesProgress) => void told.push(progress)
    const taken = () => told.splice(0)
    const content = { type: 'text', template: 'Hello', templateFormat: 'f-string', description: null, model: null, parameters: {} }
    writeConfigFiles(folder, { files: Array.from({ length: 250 }, (_, place) => ({ kind: 'prompt', name: `p${place}`, content })) })

    await pushFiles(manager, readConfigFiles(folder), { onProgress })
    const pushed = taken()
    await pullFiles(manager, folder, { onProgress })
    const pulled = taken()
    const bundle = await exportBundle(manager, { onProgress })
    const exported = taken()
    await importBundle(manager, bundle, { project: 'other', onProgress })
    const imported = taken()

    expect(pushed).toEqual(Array.from({ length: 250 }, (_, place) => ({ doing: 'written', done: place + 1, total: 250 })))
    expect(pulled.filter(({ done }) => done > 0).map(({ done }) => done)).toEqual([200, ...Array(pulled.length - 1).fill(250)])
    expect(exported.map(({ done }) => done).slice(0, 3)).toEqual([100, 200, 250])
    expect(exported.at(-1)).toEqual({ doing: 'read', done: 250 })
    expect(imported.at(-1)).toEqual({ doing: 'written', done: 250, total: 250 })
  })
})
