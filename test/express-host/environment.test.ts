import { describe, expect, it } from 'vitest'
import { readEnvironment } from '../../examples/express-host/environment.js'

const STRONG = 'eve:f3b1c5d79e8a40226b7d9c0e1f2a3b4c'

describe('the environment', () => {
  it('refuses to be open to others without a token', () => {
    expect(() => readEnvironment({ HOST: '0.0.0.0' })).toThrow(/CONFIG_ADMIN_TOKEN has to be set/)
    expect(readEnvironment({})).toMatchObject({ host: '127.0.0.1', port: 8000, workers: 1, tokens: {}, database: 'pglite:memory' })
  })

  it.each(['production', 'prod'])('refuses NODE_ENV=%s without a token', (NODE_ENV) => {
    expect(() => readEnvironment({ NODE_ENV })).toThrow(/has to be set/)
    expect(() => readEnvironment({ NODE_ENV }, true)).toThrow(/has to be set/)
    expect(readEnvironment({ NODE_ENV, CONFIG_ADMIN_TOKEN: STRONG }).tokens).toEqual({ eve: STRONG })
  })

  it('makes up a token for a demo only', () => {
    expect(readEnvironment({}, true).tokens.demo).toMatch(/^demo:[0-9a-f]{32}$/)
  })

  it('names tokens by what stands before their colon, and refuses two of one name', () => {
    expect(readEnvironment({ CONFIG_ADMIN_TOKEN: `${STRONG}, plain-token` }).tokens).toEqual({ eve: STRONG, admin: 'plain-token' })
    expect(() => readEnvironment({ CONFIG_ADMIN_TOKEN: 'one,two' })).toThrow(/two tokens of one name/)
  })

  it('refuses several workers on the embedded database, and numbers that are none', () => {
    expect(() => readEnvironment({ WORKERS: '4' })).toThrow(/DATABASE_URL/)
    expect(() => readEnvironment({ PORT: '80x' })).toThrow(/PORT/)
    expect(readEnvironment({ WORKERS: '4', DATABASE_URL: 'postgresql://x', PORT: '0' })).toMatchObject({ workers: 4, port: 0 })
  })
})
