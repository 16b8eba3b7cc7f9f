import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { builtProgram } from '../built-program.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const ADDRESS = 'https://github.com/ada/agent-config'
const CHANGESET = '---\n"agent-config": minor\n---\n\nAdds flags.\n'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'release-'))
  for (const file of ['README.md', 'CHANGELOG.md', 'package-lock.json', '.changeset/config.json', '.changeset/README.md']) {
    cpSync(join(ROOT, file), join(folder, file))
  }
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>
  const { repository: _repository, bugs: _bugs, homepage: _homepage, ...unknownPlace } = manifest
  write('package.json', `${JSON.stringify({ ...unknownPlace, version: '1.0.0', scripts: {} }, null, 2)}\n`)
  write('CHANGELOG.md', '# Changelog\n\n## Unreleased\n\n- Flags.\n\n## 1.0.0\n\n- First.\n')
  mkdirSync(join(folder, 'dist'))
  write('dist/index.js', '')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('npm run release:setup', () => {
  it('sets the addresses that it is given', () => {
    const { code } = run('setup', ADDRESS)

    expect(code).toBe(0)
    expect(JSON.parse(read('package.json'))).toMatchObject({
      repository: { url: `git+${ADDRESS}.git` },
      bugs: {},
      homepage: `${ADDRESS}#readme`,
    })
  })

  it.each([
    [[], 'release:setup -- https://host/owner/name'],
    [['https://github.com/owner/name'], 'placeholder'],
    [['ada/agent-config'], 'no address'],
  ])('refuses %j in one line, and changes nothing', (given, sentence) => {
    refuses(() => run('setup', ...given), sentence)
  })
})

describe('npm run release:version', () => {
  it('counts the version up and dates the changelog', () => {
    write('.changeset/flags.md', CHANGESET)
    commit()

    const { code, said } = run('version')

    expect(said).not.toContain('rror')
    expect(code).toBe(0)
    expect(JSON.parse(read('package.json'))).toMatchObject({ version: '1.1.0' })
    expect(JSON.parse(read('package-lock.json'))).toMatchObject({ version: '1.1.0', packages: { '': { version: '1.1.0' } } })
    expect(read('CHANGELOG.md')).toMatch(/^# Changelog\n\n## 1\.1\.0 - \d{4}-\d\d-\d\d\n\n- Flags\./)
    expect(readdirSync(join(folder, '.changeset')).toSorted()).toEqual(['README.md', 'config.json'])
  })

  it('refuses without a changeset, and changes nothing', () => {
    refuses(() => run('version'), 'npx changeset')
  })

  it('refuses when nothing is unreleased in the changelog, and changes nothing', () => {
    write('.changeset/flags.md', CHANGESET)
    write('CHANGELOG.md', '# Changelog\n\n## Unreleased\n\n## 1.0.0\n\n- First.\n')

    refuses(() => run('version'), '## Unreleased')
  })

  it('refuses a changeset of another package, and changes nothing', () => {
    write('.changeset/flags.md', CHANGESET)
    write('.changeset/wrong.md', '---\n"another-package": minor\n---\n\nWrong.\n')

    refuses(() => run('version'), 'changeset version')
  })

  it('puts everything back when it fails after the version was counted up', () => {
    write('.changeset/flags.md', CHANGESET)
    write('package-lock.json', 'no lock file')
    commit()

    refuses(() => run('version'), 'JSON')
  })
})

describe('npm run release', () => {
  beforeEach(() => {
    run('setup', ADDRESS)
    write('CHANGELOG.md', '# Changelog\n\n## 1.0.0\n\n- First.\n')
  })

  it('lists in a dry run what would be packed, and puts the README back', () => {
    const before = contents()

    const { code, said } = run('publish', '--dry-run')

    expect(said).toContain('README.md')
    expect(said).toContain('dist/index.js')
    expect(code).toBe(0)
    expect(contents()).toEqual(before)
  })

  it('refuses outside of the release workflow', () => {
    refuses(() => run('publish'), 'release.yml')
  })

  it('refuses while the repository is not known, and names nothing else', () => {
    const { repository: _repository, ...manifest } = JSON.parse(read('package.json')) as Record<string, unknown>
    write('package.json', JSON.stringify(manifest))

    const said = refuses(() => run('publish', '--dry-run'), 'release:setup')

    expect(said).not.toContain('links')
  })

  it('refuses what is unreleased: it would be published under the version before', () => {
    write('CHANGELOG.md', '# Changelog\n\n## Unreleased\n\n- Flags.\n\n## 1.0.0\n\n- First.\n')

    refuses(() => run('publish', '--dry-run'), 'Unreleased')
  })
})

describe('npm publish', () => {
  it('is refused with relative links in the README', () => {
    run('setup', ADDRESS)

    refuses(() => run('check'), 'npm run release')
  })
})

/** Runs a step in the folder; what it says is both of its outputs. */
function run(...words: readonly string[]): { readonly code: number | null; readonly said: string } {
  const { GITHUB_ACTIONS: _ci, ...env } = process.env
  const program = builtProgram(new URL('./run.ts', import.meta.url))
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { cwd: folder, env, input: '', encoding: 'utf8' })
  return { code: status, said: stdout + stderr }
}

/** Expects a sentence, no stack, and files as they were. */
function refuses(step: () => { readonly code: number | null; readonly said: string }, sentence: string): string {
  const before = contents()
  const { code, said } = step()
  expect(said).toContain(sentence)
  expect(said).not.toMatch(/^\s+at .*:\d+/m)
  expect(code).toBe(1)
  expect(contents()).toEqual(before)
  return said
}

function contents(): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).filter((path) => !path.includes('/.git/'))
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'utf8')]))
}

function commit(): void {
  const git = (...words: string[]) => execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@a.test', ...words], { cwd: folder })
  git('init', '-q', '-b', 'main')
  git('add', '-A')
  git('commit', '-qm', 'first')
}

function read(file: string): string {
  return readFileSync(join(folder, file), 'utf8')
}

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text)
}
