import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { settingsColdStartRows, settingsSizeRow } from './settings-bundles.js'
import { createConfig } from './support/built.js'
import { installPeers } from './support/peers.js'
import type { BenchRow } from './support/row.js'
import { takeTurns } from './support/take-turns.js'

/** And `db.host`: 25 in all. */
const KEYS = 24
const TURNS = { rounds: 9, warmUpRounds: 3, turnMs: 100 }
const schema = v.looseObject(
  Object.fromEntries(Array.from({ length: KEYS }, (_, index) => [`KEY_${index}`, index % 2 === 0 ? v.number() : v.string()])),
)

/** Reading settings, reading them anew, starting with them, and their size, beside the packages one would use instead. */
export async function benchSettings(): Promise<BenchRow[]> {
  const peers = installPeers('settings')
  const folder = mkdtempSync(join(tmpdir(), 'settings-bench-'))
  try {
    writeSettings(folder)
    return [
      ...(await readRows(peers, folder)),
      ...(await reloadRows(peers, folder)),
      ...(await settingsColdStartRows(peers, folder)),
      await settingsSizeRow(peers),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Three files of 25 keys in all; node-config wants other names for them. */
function writeSettings(folder: string): void {
  const line = (index: number, base: number) => `KEY_${index} = ${index % 2 === 0 ? base + index : `"value ${base + index}"`}`
  const lines = (from: number, to: number, base: number) =>
    Array.from({ length: to - from }, (_, step) => line(from + step, base)).join('\n')
  const texts = [`${lines(0, KEYS, 100)}\n[db]\nhost = "h"\n`, `${lines(0, 8, 200)}\n`, `${lines(0, 2, 900)}\n`]
  mkdirSync(join(folder, 'node-config'))
  for (const [index, name] of ['settings.toml', 'settings.prod.toml', '.secrets.toml'].entries())
    writeFileSync(join(folder, name), texts[index] ?? '')
  for (const [index, name] of ['default.toml', 'prod.toml', 'local.toml'].entries())
    writeFileSync(join(folder, 'node-config', name), texts[index] ?? '')
}

async function readRows(peers: string, folder: string): Promise<BenchRow[]> {
  // JSON here: node-config looks for a TOML parser from the working directory, and reading costs the same.
  process.env.NODE_CONFIG_DIR = join(folder, 'node-config-json')
  mkdirSync(process.env.NODE_CONFIG_DIR)
  writeFileSync(join(process.env.NODE_CONFIG_DIR, 'default.json'), JSON.stringify({ db: { host: 'h' } }))
  process.env.SUPPRESS_NO_CONFIG_WARNING = '1'
  const nodeConfig = (await import(pathToFileURL(join(peers, 'node-config-get.js')).href)) as { get(path: string): unknown }
  const config = createConfig({ schema, root: folder, environment: 'prod', env: {}, dotenv: false })
  const fresh = createConfig({ schema, root: folder, environment: 'prod', env: {}, dotenv: false, fresh: ['KEY_0'] })
  const frozen = Object.freeze({ ...config.values }) as Record<string, unknown>
  const holder = { values: frozen }
  if (nodeConfig.get('db.host') !== config.get('db.host' as string)) throw new Error('the contenders do not agree')
  const rates = await takeTurns(
    {
      values: () => repeated(() => config.values.KEY_3),
      fresh: () => repeated(() => fresh.values.KEY_3),
      property: () => repeated(() => holder.values.KEY_3),
      get: () => repeated(() => config.get('db.host' as string)),
      nodeConfig: () => repeated(() => nodeConfig.get('db.host')),
    },
    TURNS,
  )
  return [
    timeRow('`config.values.KEY` with one fresh key among 25, beside the same without', rates.fresh, rates.values, {
      reach: 3,
      atMost: true,
    }),
    timeRow('`config.values.KEY`, beside a property of a frozen object', rates.values, rates.property, { reach: 2, atMost: true }),
    timeRow("`config.get('db.host')`, beside node-config's `get`", rates.get, rates.nodeConfig, { reach: 2 }),
  ]
}

async function reloadRows(peers: string, folder: string): Promise<BenchRow[]> {
  const c12 = (await import(pathToFileURL(join(peers, 'c12.js')).href)) as { load(folder: string): Promise<unknown> }
  const options = { schema, root: folder, environment: 'prod' as const, env: process.env, prefix: 'BENCH' }
  const config = createConfig(options)
  const fresh = createConfig({ ...options, fresh: ['KEY_0'] })
  const rates = await takeTurns(
    {
      reload: () => {
        config.reload()
        return 1
      },
      // Each read in a tick of its own, so that each one compares the sources.
      fresh: async () => {
        await Promise.resolve()
        return fresh.get('KEY_0') === 900 ? 1 : Number.NaN
      },
      c12: async () => {
        await c12.load(folder)
        return 1
      },
    },
    TURNS,
  )
  return [
    timeRow('full reload of three files and the environment, beside c12 loading the three files', rates.reload, rates.c12, { reach: 1 }),
    timeRow('a fresh key when nothing changed, beside c12 loading the three files', rates.fresh, rates.c12, { reach: 50 }),
  ]
}

/** In one tick of the event loop, whose first read looks at the sources when there is a fresh key. */
const READS = 100_000
let sink: unknown

/** A loop that the clock does not interrupt; what it reads is kept, so that no read can be left out. */
function repeated(read: () => unknown): number {
  for (let count = 0; count < READS; count++) sink = read()
  return sink === undefined ? Number.NaN : READS
}

/** With `atMost`, the ratio is of times, ours to theirs; otherwise how many times faster ours is. */
function timeRow(measure: string, ours: number, theirs: number, target: { readonly reach: number; readonly atMost?: boolean }): BenchRow {
  return { measure, ours: timeOf(ours), beside: timeOf(theirs), ratio: target.atMost ? theirs / ours : ours / theirs, ...target }
}

function timeOf(perSecond: number): string {
  const nanoseconds = 1e9 / perSecond
  return nanoseconds < 1_000 ? `${nanoseconds.toFixed(1)} ns` : `${(nanoseconds / 1_000).toFixed(1)} µs`
}
