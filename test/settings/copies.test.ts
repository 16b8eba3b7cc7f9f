import { describe, expect, it, vi } from 'vitest'
import * as first from '../../src/settings/index.js'
import { aFolder } from './folder.js'

describe('two copies of the package in one process', () => {
  it('agree on values, versions and errors', async () => {
    vi.resetModules()
    const second = await import('../../src/settings/index.js')
    const root = aFolder({ 'settings.toml': 'A = 1\n[db]\npassword = "x"' })
    const options = { root, env: {}, dotenv: false, onWarning: () => {} } as const
    const broken = { ...options, root: aFolder({ 'settings.toml': 'A = = 1' }) }

    const configs = [first.createConfig(options), second.createConfig(options)] as const

    expect(second.createConfig).not.toBe(first.createConfig)
    expect(configs[0].values).toEqual(configs[1].values)
    expect(configs[0].explain()).toBe(configs[1].explain())
    expect(String(configs[0])).toBe(String(configs[1]))
    for (const [mine, theirs] of [
      [first, second],
      [second, first],
    ] as const) {
      const error = thrownBy(() => theirs.createConfig(broken))
      expect(error instanceof mine.SettingsFileError).toBe(false)
      expect(mine.isConfigError(error, 'E_SETTINGS_FILE')).toBe(true)
    }
  })

  it('each take the environment from the same variables, and change nothing in the process', async () => {
    const before = { ...process.env }
    const root = aFolder({ '.env': 'APP_ENV=prod\nP_A=1', 'settings.prod.toml': 'B = 2' })

    const configs = [first.createConfig({ root, prefix: 'P' }), first.createConfig({ root, prefix: 'P' })]

    for (const config of configs) expect(config.values).toEqual({ A: 1, B: 2 })
    expect(process.env).toEqual(before)
  })
})

function thrownBy(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return undefined
}
