import type * as Fs from 'node:fs'
import { linkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Config, createConfig } from '../../src/settings/index.js'
import { isSilent } from '../../src/settings/sources/watched-folders.js'
import { aFolder, writeFile } from './folder.js'

/** What statfs(2) calls the file system, and what becomes of a watch; the files themselves are real. */
const disk = vi.hoisted(() => ({ type: undefined as number | undefined, refusesWatches: false }))
vi.mock('node:fs', async (load) => {
  const real = await load<typeof Fs>()
  return {
    ...real,
    statfsSync: (path: string) => ({ ...real.statfsSync(path), ...(disk.type !== undefined && { type: disk.type }) }),
    watch: (...parameters: Parameters<typeof Fs.watch>) => {
      if (disk.refusesWatches)
        throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC' })
      return real.watch(...parameters)
    },
  }
})

const NFS = 0x6969
const EXT4 = 0xef53
const FILE_SYSTEMS = { NFS, SMB: 0x517b, CIFS: 0xff534d42, SMB2: 0xfe534d42, '9p': 0x01021997, FUSE: 0x65735546, VirtualBox: 0x786f4256 }

/** A file with a second name elsewhere: written there, it changes and its folder sends no event, as when another machine writes it. */
function aDistantFile(text: string): { readonly root: string; readonly write: (text: string) => void } {
  const folder = aFolder({ 'root/settings.toml': text })
  linkSync(join(folder, 'root/settings.toml'), join(folder, 'other.toml'))
  return { root: join(folder, 'root'), write: (next) => writeFile(folder, 'other.toml', next) }
}

function watched(root: string): { readonly config: Config; readonly warnings: readonly string[] } {
  const warnings: string[] = []
  const config = createConfig({ root, env: {}, dotenv: false, watch: true, onWarning: (message) => warnings.push(message) })
  onTestFinished(() => config.close())
  return { config, warnings }
}

const quiet = () => new Promise((done) => setTimeout(done, 150))
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 20 })

describe('watching where no events come', () => {
  beforeEach(() => {
    disk.type = undefined
    disk.refusesWatches = false
  })

  it.each(Object.entries(FILE_SYSTEMS))('knows that %s tells nothing of what other machines write', (_name, type) => {
    disk.type = type
    expect(isSilent('/')).toBe(true)
    // On 32-bit numbers the sign is part of some of them.
    disk.type = type | 0
    expect(isSilent('/')).toBe(true)
  })

  it('looks at the files every second on a network file system, without being told to', async () => {
    const { root, write } = aDistantFile('A = 1')
    disk.type = EXT4
    const deaf = watched(root)
    disk.type = NFS
    const polling = watched(root)
    await quiet()

    write('A = 2')

    await eventually(() => expect(polling.config.get('A')).toBe(2))
    expect(deaf.config.get('A')).toBe(1)
    expect(polling.warnings).toEqual([])
  })

  it('looks at the files every second where the system refuses to watch, and says so once', async () => {
    const { root, write } = aDistantFile('A = 1')
    disk.refusesWatches = true
    const { config, warnings } = watched(root)
    await quiet()

    write('A = 2')

    await eventually(() => expect(config.get('A')).toBe(2))
    expect(warnings).toEqual([expect.stringMatching(/watching .* failed \(ENOSPC.*looked at every second instead/) as string])
  })
})
