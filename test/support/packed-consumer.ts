import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A project of its own that has this package installed from its tarball, as a user's has. */
export interface PackedConsumer {
  /** What the tarball holds, by path. */
  readonly files: readonly string[]
  /** Runs a program text in a process of its own and parses what it printed; rejects when it fails, complains or does not end by itself. */
  run(kind: 'mjs' | 'cjs', program: string, nodeFlags?: readonly string[]): Promise<unknown>
  /** Runs a command the package installs; gives what it printed. */
  command(name: string, ...args: readonly string[]): Promise<string>
  /** What TypeScript says to these files with `skipLibCheck: false`, unless `options` differ; empty when they compile. */
  compile(files: Readonly<Record<string, string>>, options?: Readonly<Record<string, unknown>>): Promise<string>
  remove(): void
}

/** Builds the package if its sources are newer than its output, packs it and installs the tarball, from npm's cache where it can. */
export async function installPackedPackage(root: string): Promise<PackedConsumer> {
  if (isStale(root)) await run('npm', ['run', 'build'], { cwd: root })
  const folder = mkdtempSync(join(tmpdir(), 'agent-config-consumer-'))
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: root })
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'consumer', private: true }))
  const nodeTypes = `@types/node@${versionOf(root, '@types/node')}`
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', join(folder, filename), nodeTypes], {
    cwd: folder,
  })

  let programs = 0
  return {
    files: files.map(({ path }) => path).sort(),
    async run(kind, program, nodeFlags = []) {
      const file = join(folder, `program-${++programs}.${kind}`)
      writeFileSync(file, program)
      const { stdout: printed, stderr } = await run(process.execPath, [...nodeFlags, file], {
        cwd: folder,
        timeout: 30_000,
        env: plainEnvironment(),
      })
      if (stderr) throw new Error(stderr)
      return JSON.parse(printed)
    },
    async command(name, ...args) {
      const { stdout: printed } = await run(join(folder, 'node_modules', '.bin', name), args, {
        cwd: folder,
        timeout: 30_000,
        env: plainEnvironment(),
      })
      return printed
    },
    async compile(sources, options = {}) {
      for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, name), text)
      const compilerOptions = {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023'],
        types: ['node'],
        strict: true,
        noEmit: true,
        skipLibCheck: false,
        ...options,
      }
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(sources) }))
      const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
      return run(process.execPath, [tsc, '--project', folder], { cwd: folder }).then(
        ({ stdout: said }) => said,
        ({ stdout: said, message }: { stdout?: string; message: string }) => said || message,
      )
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Whether the build is missing or older than something it is made of. */
function isStale(root: string): boolean {
  const output = join(root, 'dist', 'index.js')
  if (!existsSync(output)) return true
  const builtAt = statSync(output).mtimeMs
  const sources = ['src', 'migrations'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)),
  )
  return [...sources, join(root, 'package.json'), join(root, 'tsup.config.ts')].some((file) => statSync(file).mtimeMs > builtAt)
}

function versionOf(root: string, name: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }
  return version
}

/** Without what the test runner set for itself, and without addresses of servers. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, NODE_ENV: __, VITEST: ___, ...env } = process.env
  return env
}
