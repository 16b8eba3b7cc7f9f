import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readOrder } from '../../docs/.vitepress/order.js'
import { COMMANDS } from '../../src/cli/commands.js'
import { pagesOf } from '../support/markdown-code.js'
import { filesOf, scriptsOf, shellCommandsOf } from '../support/shell-commands.js'
import { complaintsAboutWords } from './banned-words.js'
import { KNOWN_COMMANDS, OF_THE_READER } from './shell-blocks.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGES = pagesOf(ROOT)
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

describe('the words of code and pages', () => {
  it.each(['src', 'migrations', 'examples', 'docs', '.github'])('are plain in %s', (folder) => {
    const complaints = filesIn(folder).flatMap((file) => complaintsAboutWords(file, read(file)))

    expect(complaints).toEqual([])
  })

  it('are plain in the README', () => {
    expect(complaintsAboutWords('README.md', read('README.md'))).toEqual([])
  })

  it('would be complained about with file and line', () => {
    const text = "const plan = 1\n// As in the original plan: News\n// that came by the side\n  // door.\n/** The plan's own message. */"

    expect(complaintsAboutWords('a.ts', text)).toEqual([
      expect.stringMatching(/^a\.ts:2 "the original plan"/),
      expect.stringMatching(/^a\.ts:3 "by the side door"/),
      expect.stringMatching(/^a\.ts:5 "The plan's"/),
    ])
  })
})

describe('the glossary', () => {
  const [, glossary = ''] = read('docs/architecture.md').split(/^## Glossary$/m)
  const terms = [...glossary.matchAll(/^\| ([^|]+?) \|/gm)]
    .flatMap(([, cell]) => cell!.split(', '))
    .map((term) => term.replace(/ \(.*/, ''))

  it.each([
    'stale-while-revalidate',
    'single flight',
    'negative caching',
    'read-your-writes',
    'floor',
    'tombstone',
    'idempotency key',
    'advisory lock',
  ])('has the word %s', (word) => {
    expect(terms).toContain(word)
  })

  it.each([
    'scope',
    'document',
    'head',
    'floor',
    'token',
    'generation',
    'suspect',
    'unverified',
    'claim',
    'stamp',
    'receipt',
    'exposure',
    'arm',
    'view',
    'gap',
    'applied',
  ])('explains %s, which code uses for an idea of ours', (word) => {
    expect(terms).toContain(word)
  })

  it('has each word once', () => {
    const words = terms.filter((term) => term !== 'word' && term !== '---')

    expect(words.filter((term, index) => words.indexOf(term) !== index)).toEqual([])
  })
})

describe('the pages', () => {
  it('are all reached from docs/index.md', () => {
    const reached = new Set<string>()
    const wanted = ['docs/index.md']
    for (let page = wanted.pop(); page !== undefined; page = wanted.pop()) {
      if (reached.has(page) || !existsSync(join(ROOT, page))) continue
      reached.add(page)
      wanted.push(...linkedPages(page))
    }

    expect(PAGES.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([])
  })

  it('are each listed once in docs/index.md, decisions apart', () => {
    const listed = readOrder(join(ROOT, 'docs')).flatMap(({ pages }) => pages.map(({ path }) => `docs/${path}`))
    const pages = PAGES.filter((page) => page.startsWith('docs/') && !/^docs\/decisions\/\d|^docs\/index/.test(page))

    expect(listed.toSorted()).toEqual(pages.toSorted())
  })

  it.each([
    ['docs/scaling.md', 1_200],
    ['docs/operations.md', 1_200],
  ])('%s has at most %i words', (page, limit) => {
    expect(read(page).split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(limit)
  })

  it('the README has at most 150 lines, and its install line comes before the first commands', () => {
    const readme = read('README.md')

    expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150)
    expect(readme.indexOf('```console\nnpm install agent-config')).toBeGreaterThan(0)
    expect(readme.indexOf('```console\nnpm install agent-config')).toBeLessThan(readme.indexOf('```sh'))
  })
})

describe('the commands of the pages', () => {
  const commands = PAGES.flatMap((page) => shellCommandsOf(page, read(page))).filter(({ text }) => !OF_THE_READER.test(text))
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }
  const rowOf = (text: string) =>
    KNOWN_COMMANDS.filter(({ begins }) => text.startsWith(begins)).toSorted((left, right) => right.begins.length - left.begins.length)[0]

  it('are run by a test, or said to need what the tests have not', () => {
    const unknown = commands.filter(({ text }) => rowOf(text) === undefined)

    expect(unknown.map(({ page, line, text }) => `${page}:${line} ${text}`)).toEqual([])
  })

  it('name scripts and files that exist', () => {
    const broken = commands.filter(
      ({ text }) =>
        scriptsOf(text).some((script) => !Object.hasOwn(scripts, script)) || filesOf(text).some((file) => !existsSync(join(ROOT, file))),
    )

    expect(broken).toEqual([])
  })

  it('name commands of this package that exist', () => {
    const names = commands.flatMap(({ text }) => /^npx agent-config ([\w-]+)/.exec(text)?.[1] ?? [])

    expect(names.filter((name) => !COMMANDS.some((command) => command.name === name))).toEqual([])
    expect(names).toContain('migrate')
  })

  it('are all that the list of known commands has, and its tests exist', () => {
    const used = new Set(commands.map(({ text }) => rowOf(text)))

    expect(KNOWN_COMMANDS.filter((row) => !used.has(row))).toEqual([])
    expect(KNOWN_COMMANDS.filter(({ test, needs }) => (test === undefined ? !needs : !existsSync(join(ROOT, test))))).toEqual([])
  })

  it('are read without variables, comments, pipes and other blocks', () => {
    const page = ['```console', 'npm install x', '```', '```sh', 'A=1 B="2 3" npm run a -- b # c', '# d', 'npx e > f.sql', '```'].join('\n')

    expect(shellCommandsOf('p.md', page)).toEqual([
      { page: 'p.md', line: 5, text: 'npm run a -- b' },
      { page: 'p.md', line: 7, text: 'npx e', into: 'f.sql' },
    ])
  })
})

/** The text files below a folder, without what is generated and what is built. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((file) => /\.(ts|tsx|md|yml|css)$/.test(file) && !file.endsWith('/page-assets.ts'))
}

function linkedPages(page: string): readonly string[] {
  const targets = [...read(page).matchAll(/\]\(([^)\s#]+\.md)(?:#[^)]*)?\)/g)].map(([, target]) => target!)
  return targets.filter((target) => !/^[a-z]+:/.test(target)).map((target) => posix.join(dirname(page), target))
}
