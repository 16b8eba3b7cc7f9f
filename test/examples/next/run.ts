import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect, isDeepStrictEqual, promisify } from 'node:util'
import { eventually } from '../../support/eventually.js'

// Builds examples/next with Next, in a folder outside the repository that has this package from its tarball, starts it and asks it:
//   npm run test:next [-- 16]      the version of Next

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const NEXT = process.argv[2] ?? '16'
const TOKEN = '0123456789abcdef0123456789abcdef'
const HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }

let passed = 0
let failed = 0
const folder = await mkdtemp(join(tmpdir(), 'agent-config-next-'))
let server: ChildProcess | undefined
try {
  await install()
  await check('next build ends with 0', () => inFolder('npm', ['run', 'build']))
  const { version } = JSON.parse(await readFile(join(folder, 'node_modules/next/package.json'), 'utf8')) as { version: string }
  console.log(`Next ${version}, Node ${process.version}`)
  const origin = await start()
  await ask(origin)
} catch (error) {
  failed++
  console.error(error)
} finally {
  await stop()
  await rm(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** The example as it stands, and what its reader installs. */
async function install(): Promise<void> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  await cp(join(ROOT, 'examples/next'), folder, { recursive: true })
  const packages = [join(folder, filename), `next@${NEXT}`, 'react@19', 'react-dom@19', 'typescript@5', '@types/node@20', '@types/react@19']
  await inFolder('npm', ['install', '--include=dev', '--no-audit', '--no-fund', '--prefer-offline', ...packages])
}

async function start(): Promise<string> {
  // Next itself and not npm, which would not hand SIGTERM on.
  const next = join(folder, 'node_modules', 'next', 'dist', 'bin', 'next')
  const started = spawn(process.execPath, [next, 'start', '--hostname', '127.0.0.1', '--port', '0'], { cwd: folder, env: environment() })
  server = started
  let printed = ''
  for (const stream of [started.stdout, started.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  }
  await eventually(() => /Ready in/.test(printed) || started.exitCode !== null, { timeoutMs: 60_000 })
  const [origin] = /http:\/\/(?:127\.0\.0\.1|localhost):\d+/.exec(printed) ?? []
  if (started.exitCode !== null || origin === undefined) throw new Error(`next start: ${printed}`)
  return origin
}

async function ask(origin: string): Promise<void> {
  const api = `${origin}/config/api`
  await check('a prompt is written', async () => {
    const body = JSON.stringify({ name: 'greeting', template: 'Hello {name}', labels: ['production'] })
    const { status, headers } = await fetch(`${api}/prompts`, { method: 'POST', headers: HEADERS, body })
    equal([status, headers.get('location')?.endsWith('/config/api/prompts/greeting?version=1')], [201, true])
  })
  await check('it is read, with who wrote it', async () => {
    const answer = await fetch(`${api}/prompts/greeting`, { headers: HEADERS })
    const { template, created_by } = (await answer.json()) as Record<string, unknown>
    equal([answer.status, template, created_by], [200, 'Hello {name}', 'ada'])
  })
  await check('HEAD and OPTIONS are answered', async () => {
    const statuses = ['HEAD', 'OPTIONS'].map(
      async (method) => (await fetch(`${api}/prompts/greeting`, { method, headers: HEADERS })).status,
    )
    equal(await Promise.all(statuses), [200, 204])
  })
  await check('without a token it is 401', async () => equal((await fetch(`${api}/prompts`)).status, 401))
  await check('an event stream begins with the revision', async () => {
    const { body, status } = await fetch(`${api}/events`, { headers: HEADERS })
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader()
    let read = ''
    while (!read.includes('event: ready')) {
      const { value, done } = await reader.read()
      if (done) break
      read += value
    }
    await reader.cancel()
    equal([status, read.includes('event: ready')], [200, true])
  })
  await check('the page is served, with the files it names', async () => {
    const page = await fetch(`${origin}/config/admin/`)
    const html = await page.text()
    const names = [...html.matchAll(/(?:src|href)="([^":]+\.(?:js|css|svg))"/g)].map(([, name]) => name!)
    const statuses = names.map(async (name) => (await fetch(new URL(name, page.url))).status)
    equal([page.status, page.url, names.length > 1], [200, `${origin}/config/admin/`, true])
    equal(new Set(await Promise.all(statuses)), new Set([200]))
  })
}

async function stop(): Promise<void> {
  if (!server || server.exitCode !== null) return
  const running = server
  await check('SIGTERM ends it', async () => {
    const ended = once(running, 'exit')
    running.kill('SIGTERM')
    const timer = setTimeout(() => running.kill('SIGKILL'), 20_000)
    const [, signal] = await ended
    clearTimeout(timer)
    equal(signal === 'SIGKILL', false)
  })
}

async function check(title: string, body: () => Promise<unknown>): Promise<void> {
  try {
    await body()
    passed++
    console.log(`passed: ${title}`)
  } catch (error) {
    failed++
    console.log(`failed: ${title}`)
    console.error(error)
  }
}

function equal(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) throw new Error(`expected ${inspect(expected)}, not ${inspect(actual)}`)
}

function inFolder(command: string, args: readonly string[]): Promise<unknown> {
  return run(command, args, { cwd: folder, env: environment(), timeout: 300_000, maxBuffer: 50_000_000 })
}

/** As a user's shell has it: without what the runner of this file set for itself. */
function environment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...inherited } = process.env
  return { ...inherited, NODE_ENV: 'production', ADA_TOKEN: TOKEN, NEXT_TELEMETRY_DISABLED: '1' }
}
