import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Runs the suite with another version of Node, taken from the npm package `node` into a cache folder of this repository:
//   npm run test:node -- 22 [argument for vitest…]

const [version, ...vitestArguments] = process.argv.slice(2)
if (!version || !/^\d+(\.\d+)*$/.test(version))
  throw new Error('Usage: npm run test:node -- <version of Node, as 22 or 22.12.0> [argument for vitest…]')

const root = fileURLToPath(new URL('../..', import.meta.url))
const node = nodeOfVersion(version)
console.log(`Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()} from ${node}`)

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
const run = spawnSync(node, [vitest, 'run', '--config', 'test/vitest.config.ts', ...vitestArguments], {
  cwd: root,
  stdio: 'inherit',
  // What the tests start by name, npm for one, runs with that Node too.
  env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}`, npm_node_execpath: node },
})
process.exitCode = run.status ?? 1

function nodeOfVersion(wanted: string): string {
  const folder = join(root, '.cache', `node-${wanted}`)
  const binary = join(folder, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  mkdirSync(folder, { recursive: true })
  // The package's install script puts the binary of this platform in its place.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }))
  execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', `node@${wanted}`], {
    cwd: folder,
    stdio: 'inherit',
  })
  return binary
}
