import { renameSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createConfig, type StandardSchema } from '../../src/settings/index.js'
import { aFolder, writeFile } from './folder.js'

const silent = { onWarning: () => {}, dotenv: false } as const

describe('fresh keys', () => {
  it('see every one of a hundred writes in a row, whatever the clock of the file system', () => {
    const root = aFolder({ 'settings.toml': 'A = 0' })
    const config = createConfig({ ...silent, root, env: {}, fresh: ['A'] })

    for (let count = 1; count <= 100; count++) {
      writeFile(root, 'settings.toml', `A = ${100 + count}`)
      expect(config.get('A')).toBe(100 + count)
    }
    expect(config.version).toBe(101)
  })

  it('see variables, files that come and go, and files that variables name', () => {
    const root = aFolder({ 'settings.toml': 'A = 1', pw: 'one' })
    const env: Record<string, string | undefined> = { P_SECRET_FILE: 'pw' }
    const config = createConfig({ ...silent, root, prefix: 'P', env, fresh: ['A', 'SECRET'] })

    writeFile(root, 'settings.local.toml', 'A = 2')
    expect(config.values).toMatchObject({ A: 2 })
    env.P_A = '3'
    expect(config.get('A')).toBe(3)
    delete env.P_A
    rmSync(join(root, 'settings.local.toml'))
    expect(config.get('a')).toBe(1)
    writeFile(root, 'pw', 'two!')
    expect(config.get('SECRET')).toBe('two!')
  })

  it('leave other keys alone until a fresh one is read, and then renew the whole snapshot', () => {
    const root = aFolder({ 'settings.toml': 'A = 1\nB = 1' })
    const config = createConfig({ ...silent, root, env: {}, fresh: ['A'] })

    writeFile(root, 'settings.toml', 'A = 2\nB = 2')

    expect(config.get('B')).toBe(1)
    expect(config.get('A')).toBe(2)
    expect(config.get('B')).toBe(2)
  })

  it('may be named by a table fresh_vars', () => {
    const root = aFolder({ 'settings.toml': '[default]\nA = 1\nB = 1\n[default.fresh_vars]\nA = true\nB = false\n' })
    const config = createConfig({ ...silent, root, env: {} })

    writeFile(root, 'settings.toml', '[default]\nA = 2\nB = 2\n[default.fresh_vars]\nA = true\n')

    expect(config.get('B')).toBe(1)
    expect(config.get('A')).toBe(2)
  })

  it('read nothing again while nothing changed', () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const long = new Date(Date.now() - 60_000)
    utimesSync(join(root, 'settings.toml'), long, long)
    const validate = vi.fn((value: unknown) => ({ value: value as { A: number } }))
    const schema: StandardSchema<unknown, { A: number }> = { '~standard': { version: 1, vendor: 'counting', validate } }
    const config = createConfig({ ...silent, root, env: {}, fresh: ['A'], schema })

    for (let count = 0; count < 10; count++) expect(config.values.A).toBe(1)

    expect(validate).toHaveBeenCalledTimes(1)
  })

  it('are compared with their sources at the first read of a tick, and then more seldom the more it reads', async () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const long = new Date(Date.now() - 60_000)
    utimesSync(join(root, 'settings.toml'), long, long)
    let looks = 0
    // A look at the sources reads every variable of the environment.
    const ownKeys = () => {
      looks++
      return []
    }
    const env = new Proxy({}, { ownKeys })
    const config = createConfig({ ...silent, root, env, fresh: ['A'] })
    const start = looks
    // A machine that others use stops a loop for milliseconds, and what comes after looks like another loop.
    let now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 0.001
      return now
    })
    onTestFinished(() => clock.mockRestore())

    for (let count = 0; count < 20_000; count++) config.get('A')
    const inOneTick = looks - start
    await Promise.resolve()
    config.get('A')

    expect(inOneTick).toBeLessThan(100 + 20_000 / 64)
    expect(looks).toBeGreaterThan(start + inOneTick)
  })

  it('see what the tick itself writes, and what is written after a long loop of reads', async () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const env: Record<string, string> = {}
    const config = createConfig({ ...silent, root, prefix: 'P', env, fresh: ['A'] })

    for (let count = 2; count < 50; count++) {
      writeFile(root, 'settings.toml', `A = ${count}`)
      expect(config.get('A')).toBe(count)
    }
    for (let count = 0; count < 100_000; count++) config.get('A')
    env.P_A = '99'
    await Promise.resolve()
    expect(config.get('A')).toBe(99)
  })

  it('do not take a file that is about to be written for an empty one', () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const config = createConfig({ ...silent, root, env: {}, fresh: ['A'] })

    writeFile(root, 'settings.toml', '')

    expect(config.get('A')).toBe(1)
    writeFile(root, 'settings.toml', 'A = 2')
    expect(config.get('A')).toBe(2)
  })
})

describe('a reload', () => {
  const schema = v.object({ A: v.number(), B: v.optional(v.number(), 0) })

  it('takes everything over or nothing, and tells once for each broken content since when', () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const config = createConfig({ ...silent, schema, root, env: {} })
    const errors: string[] = []
    config.on('error', ({ error }) => errors.push(error.message))

    for (const text of ['A = "x"\nB = 5', 'A = "x"\nB = 5', 'A = = 1']) {
      writeFile(root, 'settings.toml', text)
      expect(config.reload()).toMatchObject({ changed: false, error: { code: expect.stringMatching(/^E_SETTINGS/) as string } })
    }

    expect(config.values).toEqual({ A: 1, B: 0 })
    expect(config.health()).toMatchObject({ ok: false, version: 1, failingSince: expect.stringMatching(/^\d{4}-/) as string })
    expect(errors).toHaveLength(2)

    writeFile(root, 'settings.toml', 'A = 2')
    expect(config.reload()).toEqual({ changed: true })
    expect(config.health()).toMatchObject({ ok: true, version: 2 })
    expect(config.health()).not.toHaveProperty('failingSince')
  })

  it('tells what changed, and calls a selection only when its part did', () => {
    const root = aFolder({ 'settings.toml': 'A = 1\n[db]\nhost = "a"\npassword = "old"\n' })
    const config = createConfig({ ...silent, root, env: {} })
    const before = config.values
    const changes = vi.fn()
    const host = vi.fn()
    const a = vi.fn()
    config.on('change', changes)
    config.select((values) => values.A, a)
    const stop = config.select((values) => (values.db as { host: string }).host, host)

    writeFile(root, 'settings.toml', 'A = 1\n[db]\nhost = "b"\npassword = "new"\n')
    config.reload()
    stop()
    writeFile(root, 'settings.toml', 'A = 1\n[db]\nhost = "c"\npassword = "new"\n')
    config.reload()

    expect(changes).toHaveBeenNthCalledWith(1, {
      version: 2,
      environment: 'local',
      changes: [
        { path: 'db.host', from: 'a', to: 'b' },
        { path: 'db.password', from: '***', to: '***' },
      ],
    })
    expect(host.mock.calls).toEqual([['b', 'a']])
    expect(a).not.toHaveBeenCalled()
    expect(before).toEqual({ A: 1, db: { host: 'a', password: 'old' } })
  })

  it('keeps the very same object when nothing changed', () => {
    const root = aFolder({ 'settings.toml': 'A = 1' })
    const config = createConfig({ ...silent, root, env: {} })
    const before = config.values

    writeFile(root, 'new.toml', 'A = 1 # the same')
    renameSync(join(root, 'new.toml'), join(root, 'settings.toml'))

    expect(config.reload()).toEqual({ changed: false })
    expect(config.values).toBe(before)
    expect(config.version).toBe(1)
  })

  it('does not change the environment', () => {
    const root = aFolder({ 'settings.toml': 'A = 1', 'settings.prod.toml': 'A = 2' })
    const env: Record<string, string> = {}
    const config = createConfig({ ...silent, root, env })

    env.APP_ENV = 'prod'
    config.reload()

    expect(config.environment).toBe('local')
    expect(config.values).toEqual({ A: 1 })
    expect(config.withEnvironment('prod').values).toEqual({ A: 2 })
    expect(config.withOverrides({ A: 3 }).values).toEqual({ A: 3 })
  })
})
