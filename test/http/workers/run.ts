import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { CHECKS, faultsOf } from './checks.js'

// Bundles a worker with the built package, as its users do, and asks it in workerd, the runtime of Cloudflare's Workers:
//   npm run test:workers

interface Workerd {
  dispatchFetch(url: string, init: object): Promise<Response>
  dispose(): Promise<void>
}
interface Miniflare {
  readonly Miniflare: new (options: object) => Workerd
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const folder = await mkdtemp(join(tmpdir(), 'agent-config-workers-'))
let failed = 0
try {
  await promisify(execFile)('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', '--prefer-offline', 'miniflare@4'])
  const workerd = await start(await bundle())
  for (const check of CHECKS) {
    const answer = await workerd.dispatchFetch(`http://host${check.path}`, { redirect: 'manual', ...check.init })
    const faults = await faultsOf(check, answer)
    if (faults.length > 0) failed++
    console.log(faults.length === 0 ? `ok   ${check.name}` : `FAIL ${check.name}: ${faults.join('; ')}`)
  }
  await workerd.dispose()
} finally {
  await rm(folder, { recursive: true, force: true })
}
console.log(`${CHECKS.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function bundle(): Promise<string> {
  const outfile = join(folder, 'worker.mjs')
  await build({
    entryPoints: [join(import.meta.dirname, 'a-worker.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // The package as it is installed, and not its sources.
    alias: { 'agent-config': join(ROOT, 'dist') },
    tsconfigRaw: {},
    conditions: ['workerd', 'worker', 'import'],
    external: ['node:*', 'cloudflare:*'],
    logLevel: 'error',
  })
  return outfile
}

async function start(worker: string): Promise<Workerd> {
  const path = createRequire(join(folder, 'package.json')).resolve('miniflare')
  const { Miniflare } = (await import(pathToFileURL(path).href)) as Miniflare
  return new Miniflare({
    modules: true,
    script: await readFile(worker, 'utf8'),
    compatibilityDate: '2026-04-01',
    compatibilityFlags: ['nodejs_compat'],
  })
}
