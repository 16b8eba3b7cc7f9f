import { spawn } from 'node:child_process'
import { once } from 'node:events'

// What `npm test` checks before the tests, all at once: each takes one core for a while.
//   npm run checks

/** npm scripts; the members of a list are run one after the other. */
const CHECKS = [['build', 'check:package'], ['typecheck'], ['lint'], ['unused']]

const codes = await Promise.all(CHECKS.map(inOrder))
process.exitCode = Math.max(...codes)

async function inOrder(scripts: readonly string[]): Promise<number> {
  for (const script of scripts) {
    const code = await run(script)
    if (code !== 0) return code
  }
  return 0
}

/** Runs a script and prints what it said in one piece when it has ended. */
async function run(script: string): Promise<number> {
  const child = spawn('npm', ['run', script], { stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  process.stdout.write(said)
  if (code !== 0) console.error(`npm run ${script} ended with ${code ?? signal}.`)
  return code ?? 1
}
