import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type BenchRow, significant } from './support/row.js'

interface Esbuild {
  build(options: object): Promise<{ readonly outputFiles?: readonly { readonly contents: Uint8Array }[] }>
}

const STARTS = 21
const entry = fileURLToPath(new URL('../../src/settings/index.ts', import.meta.url))
const repository = fileURLToPath(new URL('../../', import.meta.url))

/**
 * What a start costs over a bare `node`, taking turns: the fastest of many starts, which other work on the machine disturbs least. Once
 * with everybody as a user has it, installed and not bundled; once with everybody in one bundled file.
 */
export async function settingsColdStartRows(peers: string, folder: string): Promise<BenchRow[]> {
  const sources = { ours: 'ours.js', convict: 'convict.js', 'node-config': 'node-config.js', c12: 'c12.js' }
  installOurs(peers)
  writeFileSync(join(folder, 'bare.mjs'), '')
  const scripts: Record<string, string> = { node: join(folder, 'bare.mjs') }
  for (const [name, source] of Object.entries(sources)) {
    scripts[`${name} installed`] = join(peers, source)
    scripts[`${name} bundled`] = await bundle(peers, join(peers, source), join(folder, `${name}.mjs`))
  }
  const fastest: Record<string, number> = {}
  for (let round = 0; round < STARTS; round++) {
    for (const [name, script] of Object.entries(scripts)) fastest[name] = Math.min(fastest[name] ?? Infinity, start(script, folder, peers))
  }
  const over = (name: string): number => (fastest[name] ?? Number.NaN) - (fastest.node ?? Number.NaN)
  const row = (ending: 'installed' | 'bundled', reach: number): BenchRow => {
    const others = Object.keys(sources).filter((name) => name !== 'ours')
    return {
      measure: `cold start over bare node, three TOML files, 25 keys, all of them ${ending === 'installed' ? 'as installed' : 'bundled'}, beside convict`,
      ours: `${significant(over(`ours ${ending}`))} ms`,
      beside: others.map((name) => `${name} ${significant(over(`${name} ${ending}`))} ms`).join(', '),
      ratio: over(`ours ${ending}`) / over(`convict ${ending}`),
      reach,
      atMost: true,
    }
  }
  return [row('installed', 0.65), row('bundled', 1.3)]
}

/** The built package as npm would put it beside the others; what it depends on is found in this repository. */
function installOurs(peers: string): void {
  const target = join(peers, 'node_modules', 'agent-config')
  rmSync(target, { recursive: true, force: true })
  mkdirSync(target, { recursive: true })
  cpSync(join(repository, 'dist'), join(target, 'dist'), { recursive: true })
  cpSync(join(repository, 'package.json'), join(target, 'package.json'))
}

async function bundle(peers: string, source: string, target: string): Promise<string> {
  const banner = { js: "import { createRequire as makeRequire } from 'node:module'\nconst require = makeRequire(import.meta.url)" }
  // Parsers that node-config and c12 can use and that nobody installed.
  const external = [
    'hjson',
    'js-yaml',
    'yaml',
    'cson',
    'coffeescript',
    'ts-node',
    'properties',
    'xml2js',
    'x2js',
    'iced-coffee-script',
    'coffee-script',
  ]
  await esbuildOf(peers).build({
    entryPoints: [source],
    outfile: target,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minify: true,
    banner,
    external,
    logLevel: 'error',
    nodePaths: [join(peers, 'node_modules'), join(repository, 'node_modules')],
  })
  return target
}

function start(script: string, folder: string, cwd: string): number {
  const before = performance.now()
  const env = { PATH: process.env.PATH, SETTINGS_FOLDER: folder, NODE_CONFIG_DIR: join(folder, 'node-config'), NODE_ENV: 'prod' }
  const { status, stderr } = spawnSync(process.execPath, [script], { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${stderr}`)
  return performance.now() - before
}

/** The door `agent-config/settings` with smol-toml, minified and compressed. */
export async function settingsSizeRow(peers: string): Promise<BenchRow> {
  const { outputFiles } = await esbuildOf(peers).build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minify: true,
  })
  const bytes = gzipSync(outputFiles?.[0]?.contents ?? '', { level: 9 }).byteLength
  return {
    measure: 'size of agent-config/settings with smol-toml, minified and gzip',
    ours: `${(bytes / 1_000).toFixed(1)} kB`,
    beside: '20 kB',
    ratio: bytes / 20_000,
    reach: 1,
    atMost: true,
  }
}

function esbuildOf(peers: string): Esbuild {
  return createRequire(join(peers, 'package.json'))('esbuild') as Esbuild
}
