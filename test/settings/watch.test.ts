import { execFile } from 'node:child_process'
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Config, type CreateConfigOptions, createConfig } from '../../src/settings/index.js'
import { FileStore } from '../../src/settings/sources/file-store.js'
import { watchedFolders } from '../../src/settings/sources/watched-folders.js'
import { builtProgram } from '../support/built-program.js'
import { aFolder, writeFile } from './folder.js'

function watched(root: string, watch: CreateConfigOptions['watch'] = true): Config {
  const config = createConfig({ root, env: {}, dotenv: false, watch, onWarning: () => {} })
  onTestFinished(() => config.close())
  return config
}

/** Young files are looked at again for a moment: waits until only an event can tell of a change. */
/** A file that is gone for this long is being saved; after a tenth of a second it is taken for removed. */
const A_MOMENT_MS = 80
const quiet = () => new Promise((done) => setTimeout(done, 150))
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 5 })

describe('watching', () => {
  it('sees a plain write', async () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const config = watched(root)

    writeFile(root, 'settings.toml', 'A = 2')

    await eventually(() => expect(config.get('A')).toBe(2))
  })

  it('sees one atomic rename after the other', async () => {
    const root = aFolder({ 'settings.toml': 'A = 0' })
    const config = watched(root)

    for (let count = 1; count <= 5; count++) {
      writeFile(root, '.next', `A = ${count}`)
      renameSync(join(root, '.next'), join(root, 'settings.toml'))
      await eventually(() => expect(config.get('A')).toBe(count))
    }
  })

  it('sees the ..data link of Kubernetes swapped, again and again', async () => {
    const root = aFolder({ '..1/settings.toml': 'A = 1' })
    symlinkSync('..1', join(root, '..data'))
    symlinkSync('..data/settings.toml', join(root, 'settings.toml'))
    const config = watched(root)

    for (let count = 2; count <= 4; count++) {
      await quiet()
      writeFile(root, `..${count}/settings.toml`, `A = ${count}`)
      symlinkSync(`..${count}`, join(root, '..data_tmp'))
      renameSync(join(root, '..data_tmp'), join(root, '..data'))
      rmSync(join(root, `..${count - 1}`), { recursive: true })
      await eventually(() => expect(config.get('A')).toBe(count))
    }
  })

  it('sees a file removed and written again', async () => {
    const root = aFolder({ 'settings.toml': 'A = 1', 'settings.local.toml': 'A = 2' })
    const config = watched(root)

    rmSync(join(root, 'settings.local.toml'))
    await eventually(() => expect(config.get('A')).toBe(1))
    writeFile(root, 'settings.local.toml', 'A = 3')

    await eventually(() => expect(config.get('A')).toBe(3))
  })

  it.each([
    ['removed first', (file: string) => rmSync(file)],
    ['renamed away first', (file: string) => renameSync(file, `${file}~`)],
    ['emptied first', (file: string) => writeFileSync(file, '')],
  ])('keeps the values while a file that is saved is gone for a moment: %s', async (_, away) => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const config = watched(root)
    const changes: unknown[] = []
    config.on('change', (event) => changes.push(...event.changes))
    await quiet()

    for (let value = 2; ; value++) {
      changes.length = 0
      const goneAt = performance.now()
      away(join(root, 'settings.toml'))
      await new Promise((done) => setTimeout(done, 45))
      writeFile(root, 'settings.toml', `A = ${value}`)
      const goneMs = performance.now() - goneAt

      await eventually(() => expect(config.get('A')).toBe(value))
      // When the machine stalled, the file was gone for longer than a moment, and its values may have been: once more.
      if (goneMs > A_MOMENT_MS) continue
      expect(changes).toEqual([{ path: 'A', from: value - 1, to: value }])
      return
    }
  })

  it('sees the directory itself removed and made again', async () => {
    const folder = aFolder({ 'config/settings.toml': 'A = 1' })
    const root = join(folder, 'config')
    const config = watched(root)

    rmSync(root, { recursive: true })
    await eventually(() => expect(config.has('A')).toBe(false))
    mkdirSync(root)
    writeFileSync(join(root, 'settings.toml'), 'A = 2')

    await eventually(() => expect(config.get('A')).toBe(2))
  })

  it.each([
    ['the directory', 'config', 'config'],
    ['one above it', 'app', 'app/v/config'],
  ])('sees %s renamed away and another one take its place, again and again', async (_, moved, place) => {
    const folder = aFolder({ [`${place}/settings.toml`]: 'A = 0' })
    const config = watched(join(folder, place))

    for (const round of [1, 2, 3]) {
      await quiet()
      renameSync(join(folder, moved), join(folder, `old${round}`))
      writeFile(folder, `${place}/settings.toml`, `A = ${round}`)
      await eventually(() => expect(config.get('A')).toBe(round))
    }
  })

  it('sees the first secret that comes into an empty directory', async () => {
    const folder = aFolder({ 'root/settings.toml': 'A = 1' })
    mkdirSync(join(folder, 'secrets'))
    const options = { root: join(folder, 'root'), secretsDirectory: join(folder, 'secrets'), env: {}, watch: true, onWarning: () => {} }
    const config = createConfig(options)
    onTestFinished(() => config.close())

    await quiet()
    writeFile(folder, 'secrets/token', 'x')

    await eventually(() => expect(config.get('token')).toBe('x'))
  })

  it('looks at the files only when a name on the way to them changed', async () => {
    const folder = aFolder({ 'app/config/settings.toml': 'A = 1' })
    const config = watched(join(folder, 'app/config'))
    await quiet()
    const look = vi.spyOn(FileStore.prototype, 'hasChanged')
    onTestFinished(() => look.mockRestore())

    writeFile(folder, 'other', '1')
    writeFile(folder, 'app/other', '1')
    await quiet()
    expect(look).not.toHaveBeenCalled()

    writeFile(folder, 'app/config/other', '1')
    await eventually(() => expect(look).toHaveBeenCalled())
    expect(config.get('A')).toBe(1)
  })

  it('keeps the last good values while a file is half written', async () => {
    const root = aFolder({ 'settings.toml': 'A = 1\nB = 1\n' })
    const config = watched(root)
    const errors = vi.fn()
    config.on('error', errors)

    writeFile(root, 'settings.toml', 'A = 2\nB = [1,')
    await eventually(() => expect(errors).toHaveBeenCalledTimes(1))

    expect(config.values).toEqual({ A: 1, B: 1 })
    expect(config.health().ok).toBe(false)
    writeFile(root, 'settings.toml', 'A = 2\nB = [1, 2]\n')
    await eventually(() => expect(config.values).toEqual({ A: 2, B: [1, 2] }))
    expect(config.health().ok).toBe(true)
  })

  it('ends with the last of 200 writes, and shows whole snapshots only', async () => {
    const root = aFolder({ 'settings.toml': 'A = 0\nB = 0\n' })
    const config = watched(root)
    const seen: unknown[] = []
    config.on('change', () => seen.push(config.values))

    for (let count = 1; count <= 200; count++) {
      writeFile(root, '.next', `A = ${count}\nB = ${count}\n`)
      renameSync(join(root, '.next'), join(root, 'settings.toml'))
      if (count % 10 === 0) await new Promise((done) => setTimeout(done, 5))
    }

    await eventually(() => expect(config.values).toEqual({ A: 200, B: 200 }))
    for (const values of seen as { A: number; B: number }[]) expect(values.A).toBe(values.B)
  })

  it('sees a link above the folder swapped, as git-sync does, again and again', async () => {
    const folder = aFolder({ '.worktrees/1/config/settings.toml': 'A = 1' })
    symlinkSync('.worktrees/1', join(folder, 'repo'))
    const config = watched(join(folder, 'repo/config'))

    for (let count = 2; count <= 4; count++) {
      await quiet()
      writeFile(folder, `.worktrees/${count}/config/settings.toml`, `A = ${count}`)
      symlinkSync(`.worktrees/${count}`, join(folder, 'next'))
      renameSync(join(folder, 'next'), join(folder, 'repo'))
      await eventually(() => expect(config.get('A')).toBe(count))
    }
    await quiet()
    writeFile(folder, '.worktrees/4/config/settings.toml', 'A = 5')
    await eventually(() => expect(config.get('A')).toBe(5))
  })

  it('follows links of links, each in a folder of its own', async () => {
    const folder = aFolder({ 'v1/settings.toml': 'A = 1', 'v2/settings.toml': 'A = 2', 'links/keep': '', 'more/keep': '' })
    symlinkSync('../more/current', join(folder, 'links/config'))
    symlinkSync('../v1', join(folder, 'more/current'))
    const config = watched(join(folder, 'links/config'))
    await quiet()

    symlinkSync('../v2', join(folder, 'more/next'))
    renameSync(join(folder, 'more/next'), join(folder, 'more/current'))

    await eventually(() => expect(config.get('A')).toBe(2))
  })

  it('watches the new place after reload()', async () => {
    const folder = aFolder({ 'a/config/settings.toml': 'A = 1', 'b/config/settings.toml': 'A = 2' })
    const config = watched(join(folder, 'a/config'))
    await quiet()

    // A folder above the watched one changes its name, of which the watched one learns nothing.
    renameSync(join(folder, 'a'), join(folder, 'old'))
    renameSync(join(folder, 'b'), join(folder, 'a'))
    config.reload()
    expect(config.get('A')).toBe(2)
    await quiet()
    writeFile(folder, 'a/config/settings.toml', 'A = 3')

    await eventually(() => expect(config.get('A')).toBe(3))
  })

  it('ends with a circle of links', () => {
    const folder = aFolder()
    symlinkSync('b', join(folder, 'a'))
    symlinkSync('a', join(folder, 'b'))

    expect(watchedFolders(join(folder, 'a/settings.toml')).whole).toEqual(new Set([folder]))
  })

  it('looks at the files at an interval where no events come', async () => {
    const folder = aFolder({ 'root/settings.toml': 'A = 1' })
    const root = join(folder, 'root')
    // Written by its other name, the file changes and its folder tells nothing, as with a file system of another machine.
    linkSync(join(root, 'settings.toml'), join(folder, 'other.toml'))
    const deaf = watched(root)
    const polling = watched(root, { pollMs: 20 })
    await quiet()

    writeFile(folder, 'other.toml', 'A = 2')

    await eventually(() => expect(polling.get('A')).toBe(2))
    expect(deaf.get('A')).toBe(1)
    polling.close()
    deaf.reload()
    expect(deaf.get('A')).toBe(2)
  })

  it('stops with close, which can be called twice', async () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const closed = watched(root)
    const open = watched(root)

    closed.close()
    closed.close()
    writeFile(root, 'settings.toml', 'A = 2')

    await eventually(() => expect(open.get('A')).toBe(2))
    expect(closed.get('A')).toBe(1)
    expect(closed.health().isWatching).toBe(false)
  })

  it('does not keep a process alive, closed or not', async () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const entry = builtProgram(new URL('../../src/settings/index.ts', import.meta.url))
    const script = `import { createConfig } from ${JSON.stringify(entry)}
      const config = createConfig({ root: ${JSON.stringify(root)}, watch: true, dotenv: false })
      console.log(config.get('A'))`

    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      timeout: 25_000,
    })

    expect(stdout.trim()).toBe('1')
  })
})
