import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MANAGER_DEFAULTS, resolveOptions } from '../../src/manager/options.js'
import { createConfig } from '../../src/settings/index.js'

const URL = 'postgresql://ada:secret@db.example:5432/service'
const NAMES = ['DATABASE_URL', 'DATABASE_SCHEMA', 'REDIS_URL', 'REDIS_CACHE_TTL_SECONDS', 'REDIS_CONFIG_CHANNEL']

let root: string

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'agent-config-'))
  writeFileSync(join(root, 'settings.toml'), "LOG_LEVEL = 'info'\n")
  for (const name of NAMES) vi.stubEnv(name, undefined)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(root, { recursive: true })
})

describe('the options of a manager', () => {
  it('are found in the files and variables of a service, under its prefix', () => {
    vi.stubEnv('MYAPP_DATABASE_URL', URL)
    writeFileSync(join(root, 'settings.toml'), "DATABASE_SCHEMA = 'configs'\nREDIS_CACHE_TTL_SECONDS = 300\n")
    vi.stubEnv('MYAPP_REDIS_URL', 'redis://cache.example:6379')
    vi.stubEnv('MYAPP_REDIS_CACHE_TTL_SECONDS', '90')
    vi.stubEnv('MYAPP_REDIS_CONFIG_CHANNEL', 'plan:config')
    vi.stubEnv('REDIS_URL', 'redis://somebody-elses.example')

    const settings = createConfig({ root, prefix: 'MYAPP' })

    expect(resolveOptions({ settings })).toMatchObject({
      database: URL,
      schema: 'configs',
      redis: 'redis://cache.example:6379',
      ttlMs: 90_000,
      channel: 'plan:config',
    })
  })

  it('are found in the environment when no settings are given', () => {
    vi.stubEnv('DATABASE_URL', URL)
    vi.stubEnv('DATABASE_SCHEMA', 'configs')
    vi.stubEnv('REDIS_URL', 'rediss://cache.example:6380')
    vi.stubEnv('REDIS_CACHE_TTL_SECONDS', '0.5')
    vi.stubEnv('REDIS_CONFIG_CHANNEL', 'plan:config')

    expect(resolveOptions({})).toMatchObject({
      database: URL,
      schema: 'configs',
      redis: 'rediss://cache.example:6380',
      ttlMs: 500,
      channel: 'plan:config',
    })
  })

  it('have their defaults where the settings say nothing, or an empty text', () => {
    vi.stubEnv('REDIS_URL', '')
    vi.stubEnv('DATABASE_SCHEMA', '')
    vi.stubEnv('REDIS_CACHE_TTL_SECONDS', '')

    expect(resolveOptions({ database: URL })).toMatchObject({
      schema: MANAGER_DEFAULTS.schema,
      redis: undefined,
      ttlMs: MANAGER_DEFAULTS.ttlMs,
      channel: '{agent-config}:config:invalidate',
    })
  })

  it('go before the settings when they are given', () => {
    const settings = createConfig({
      root,
      overrides: {
        DATABASE_URL: 'postgresql://other/db',
        DATABASE_SCHEMA: 'other',
        REDIS_URL: 'redis://other',
        REDIS_CACHE_TTL_SECONDS: 1,
      },
    })

    const resolved = resolveOptions({ settings, database: URL, schema: 'mine', redis: false, ttlMs: 2_000, channel: 'mine' })

    expect(resolved).toMatchObject({ database: URL, schema: 'mine', redis: undefined, ttlMs: 2_000, channel: 'mine' })
  })

  it('do not fall back on the environment when settings are given that lack them', () => {
    vi.stubEnv('DATABASE_URL', URL)

    expect(() => resolveOptions({ settings: createConfig({ root, prefix: 'MYAPP' }) })).toThrow(
      expect.objectContaining({ code: 'E_SETTINGS', message: expect.stringContaining('DATABASE_URL') }),
    )
  })
})

describe('a time to live that is none', () => {
  it.each(['soon', '0', '-5', 'Infinity', '5 minutes'])('is refused by its name: %s', (value) => {
    vi.stubEnv('REDIS_CACHE_TTL_SECONDS', value)

    expect(() => resolveOptions({ database: URL })).toThrow(
      expect.objectContaining({ code: 'E_SETTINGS', message: expect.stringContaining('REDIS_CACHE_TTL_SECONDS') }),
    )
  })

  it('is refused by its name from a Config, too', () => {
    const settings = createConfig({ root, overrides: { DATABASE_URL: URL, REDIS_CACHE_TTL_SECONDS: 'soon' } })

    expect(() => resolveOptions({ settings })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('REDIS_CACHE_TTL_SECONDS') }),
    )
  })

  it('is refused when it is longer than a timer can be set to', () => {
    vi.stubEnv('REDIS_CACHE_TTL_SECONDS', '99999999999')

    expect(() => resolveOptions({ database: URL })).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field: 'ttlMs' }))
  })
})
