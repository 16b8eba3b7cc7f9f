import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { MANAGER_DEFAULTS } from '../../src/index.js'
import { pagesOf } from '../support/markdown-code.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('docs/options.md', () => {
  const documented = tableOf('docs/options.md')
  const declared = leavesOf(memberOf('src/manager/options.ts', 'ConfigManagerOptions'), interfacesIn('src/entities/written.ts'))

  it('has a row for every option, in the order of the code', () => {
    expect([...documented.keys()]).toEqual([...declared.keys()])
  })

  it('tells the defaults that the code has', () => {
    const defaults = valuesOf(MANAGER_DEFAULTS)
    const told = defaults.map(([option]) => [option, literalsOf(documented.get(option) ?? '').at(-1)])

    expect(told).toEqual(defaults)
  })

  it('agrees with the docstrings about the defaults', () => {
    const defaults = valuesOf(MANAGER_DEFAULTS)
    const said = defaults.map(([option]) => [option, literalsOf(declared.get(option) ?? '', /'[^']*'|\d[\d_]*/g)])

    for (const [index, [option, value]] of defaults.entries()) expect(said[index]).toEqual([option, expect.arrayContaining([value])])
  })
})

describe('docs/events.md', () => {
  const sections = sectionsOf('docs/events.md')
  const events = membersOf(memberOf('src/manager/events.ts', 'ConfigurationManagerEvents'))

  it('has a heading for every event and for nothing else', () => {
    expect([...sections.keys()]).toEqual(events.map(({ name }) => `\`${name}\``))
  })

  it.each(events)('names every field of $name', ({ name, node }) => {
    const fields = propertiesUnder(node, importedBy('src/manager/events.ts'))

    expect(fields.filter((field) => !sections.get(`\`${name}\``)?.includes(`\`${field}\``))).toEqual([])
  })
})

describe('docs/errors.md', () => {
  const sections = sectionsOf('docs/errors.md')
  const source = parse('src/shared/errors.ts')
  const codes = [
    ...aliasOf(source, 'ConfigErrorCode')
      .getText(source)
      .matchAll(/'(E_[A-Z_]+)'/g),
  ].map(([, code]) => code!)
  const classes = source.statements.filter(ts.isClassDeclaration).flatMap((node) => {
    const fields = node.members.filter(ts.isPropertyDeclaration).map((member) => ({
      name: member.name.getText(source),
      value: member.initializer?.getText(source).slice(1, -1),
    }))
    const code = fields.find(({ name }) => name === 'code')?.value
    const facts = fields.map(({ name }) => name).filter((name) => name !== 'code' && name !== 'name')
    return code === undefined ? [] : [{ code, name: node.name!.text, facts }]
  })

  it('has a heading for every code and for nothing else', () => {
    expect(codes.length).toBeGreaterThan(10)
    expect([...sections.keys()]).toEqual(codes)
  })

  it('knows a class for every code', () => {
    expect(classes.map(({ code }) => code).sort()).toEqual([...codes].sort())
  })

  it.each(classes)('names $name under $code, with every field', ({ code, name, facts }) => {
    const section = sections.get(code) ?? ''

    expect([name, ...facts].filter((word) => !section.includes(`\`${word}\``))).toEqual([])
  })
})

describe('the pages of this package', () => {
  it('link only to files and headings that are there', () => {
    const broken = pagesOf(ROOT).flatMap((page) =>
      linksOf(page)
        .filter((target) => !isThere(page, target))
        .map((target) => `${page}: ${target}`),
    )

    expect(broken).toEqual([])
  })

  it('have every decision in their list', () => {
    const files = pagesOf(ROOT).filter((page) => /^docs\/decisions\/\d/.test(page))
    const listed = linksOf('docs/decisions/README.md').map((name) => `docs/decisions/${name}`)

    expect(listed).toEqual(files.sort())
  })

  it('begin with the two commands that try and test the package', () => {
    const [, commands] = /```sh\n([^`]*)```/.exec(read('README.md')) ?? []

    expect(commands).toBe('npm ci && npm run quickstart\nnpm ci && npm test\n')
  })
})

/** First cell → second cell of the page's first table whose first column holds code. */
function tableOf(page: string): ReadonlyMap<string, string> {
  const rows = read(page).matchAll(/^\| `([^`|]+)` \| ([^|]*) \|/gm)
  return new Map([...rows].map(([, option, value]) => [option!, value!]))
}

/** Heading of the second level → its section. */
function sectionsOf(page: string): ReadonlyMap<string, string> {
  const [, ...sections] = read(page).split(/^## /m)
  return new Map(sections.map((section) => [section.slice(0, section.indexOf('\n')).trim(), section]))
}

/** Strings and numbers in a text, as values. */
function literalsOf(text: string, pattern = /(?<=`)(?:'[^']*'|\d[\d_]*)(?=`)/g): readonly (string | number)[] {
  return [...text.matchAll(pattern)].map(([literal]) =>
    literal.startsWith("'") ? literal.slice(1, -1) : Number(literal.replaceAll('_', '')),
  )
}

/** Paths and values of the leaves of an object. */
function valuesOf(value: object, path = ''): [string, unknown][] {
  return Object.entries(value).flatMap(([key, part]) =>
    typeof part === 'object' && part !== null ? valuesOf(part as object, `${path}${key}.`) : [[`${path}${key}`, part] as [string, unknown]],
  )
}

interface Member {
  readonly name: string
  readonly node: ts.PropertySignature
}

/** Paths of an interface's leaves → what their docstrings say of the default; members of known interfaces count as its own. */
function leavesOf(
  members: readonly ts.TypeElement[],
  known: ReadonlyMap<string, readonly ts.TypeElement[]>,
  path = '',
): Map<string, string> {
  return new Map(
    membersOf(members).flatMap(({ name, node }) => {
      const { type } = node
      const inner = type && (ts.isTypeLiteralNode(type) ? type.members : known.get(type.getText()))
      if (inner) return [...leavesOf(inner, known, `${path}${name}.`)]
      const tag = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === 'default')
      return [[`${path}${name}`, ts.getTextOfJSDocComment(tag?.comment) ?? ''] as const]
    }),
  )
}

function membersOf(members: readonly ts.TypeElement[]): readonly Member[] {
  return members
    .filter(ts.isPropertySignature)
    .map((node) => ({ name: ts.isStringLiteral(node.name) ? node.name.text : node.name.getText(), node }))
}

/** The fields of an event's payload, written out or as the name of a known interface. */
function propertiesUnder(node: ts.Node, known: ReadonlyMap<string, readonly ts.TypeElement[]>): readonly string[] {
  const members = ts.isTypeLiteralNode(node) ? node.members : ts.isTypeReferenceNode(node) ? (known.get(node.getText()) ?? []) : []
  const below: string[] = []
  node.forEachChild((child) => void below.push(...propertiesUnder(child, known)))
  return [...membersOf([...members]).map(({ name }) => name), ...below]
}

/** The interfaces of the files that a file imports. */
function importedBy(file: string): ReadonlyMap<string, readonly ts.TypeElement[]> {
  const imports = parse(file).statements.filter(ts.isImportDeclaration)
  const files = imports.map(({ moduleSpecifier }) =>
    join(dirname(file), (moduleSpecifier as ts.StringLiteral).text.replace(/\.js$/, '.ts')),
  )
  return new Map(files.filter((path) => existsSync(join(ROOT, path))).flatMap((path) => [...interfacesIn(path)]))
}

function memberOf(file: string, name: string): readonly ts.TypeElement[] {
  const members = interfacesIn(file).get(name)
  if (!members) throw new Error(`${file} has no interface ${name}`)
  return members
}

function interfacesIn(file: string): ReadonlyMap<string, readonly ts.TypeElement[]> {
  return new Map(
    parse(file)
      .statements.filter(ts.isInterfaceDeclaration)
      .map((node) => [node.name.text, [...node.members]]),
  )
}

function aliasOf(source: ts.SourceFile, name: string): ts.TypeNode {
  const alias = source.statements.filter(ts.isTypeAliasDeclaration).find((node) => node.name.text === name)
  if (!alias) throw new Error(`${source.fileName} has no type ${name}`)
  return alias.type
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true)
}

/** Targets within this repository that a page links to. */
function linksOf(page: string): readonly string[] {
  const prose = read(page).replace(/^```[\s\S]*?^```/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!).filter((target) => !/^[a-z]+:/.test(target))
}

function isThere(page: string, target: string): boolean {
  const [path, heading] = target.split('#')
  const file = path ? join(dirname(page), path) : page
  if (!existsSync(join(ROOT, file))) return false
  return heading === undefined || anchorsOf(file).includes(heading)
}

/** The anchors that GitHub gives to a page's headings. */
function anchorsOf(page: string): readonly string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}
