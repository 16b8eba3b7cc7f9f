import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { addressOf, complaintsAbout, withRepository } from './manifest.js'
import { withAbsoluteLinks, withRelease, withVersion } from './texts.js'

const ADDRESS = 'https://github.com/ada/agent-config'
const MANIFEST = { name: 'agent-config', version: '1.2.0', license: 'MIT' }

describe('withRepository', () => {
  it('adds repository, bugs and homepage, and changes nothing else', () => {
    const manifest = withRepository(MANIFEST, `${ADDRESS}/`)

    expect(Object.keys(manifest)).toEqual(['name', 'version', 'repository', 'bugs', 'homepage', 'license'])
    expect(manifest).toMatchObject({
      repository: { url: `git+${ADDRESS}.git` },
      bugs: { url: `${ADDRESS}/issues` },
      homepage: `${ADDRESS}#readme`,
    })
    expect(addressOf(manifest)).toBe(ADDRESS)
  })

  it('replaces those of before', () => {
    const twice = withRepository(withRepository(MANIFEST, 'https://github.com/ada/old'), `${ADDRESS}.git`)

    expect(twice).toEqual(withRepository(MANIFEST, ADDRESS))
  })

  it.each([
    '',
    'ada/agent-config',
    'git@github.com:ada/agent-config.git',
    'http://github.com/ada/agent-config',
    'https://github.com/ada',
    'https://github.com/owner/agent-config',
    'https://example.com/ada/agent-config',
  ])('refuses %j', (address) => {
    expect(() => withRepository(MANIFEST, address)).toThrow(/address|placeholder/)
  })
})

describe('withAbsoluteLinks', () => {
  it('names files of the tag in links and bytes in pictures', () => {
    const text = withAbsoluteLinks('[a](docs/a.md#b) ![p](docs/p.png) [c](#c) [d](https://d.test) [![p](p.svg)](x.md)', ADDRESS, 'v1.2.0')

    expect(text).toBe(
      `[a](${ADDRESS}/blob/v1.2.0/docs/a.md#b) ![p](${ADDRESS}/raw/v1.2.0/docs/p.png) [c](#c) [d](https://d.test) [![p](${ADDRESS}/raw/v1.2.0/p.svg)](${ADDRESS}/blob/v1.2.0/x.md)`,
    )
  })

  it('leaves code alone', () => {
    const code = 'Use `a[0](b)`:\n\n```ts\nlist[0](value)\n```\n'

    expect(withAbsoluteLinks(code, ADDRESS, 'v1.2.0')).toBe(code)
  })

  it('leaves no relative link in the README, and is not needed twice', () => {
    const once = withAbsoluteLinks(readFileSync(new URL('../../../README.md', import.meta.url), 'utf8'), ADDRESS, 'v1.2.0')

    expect([...once.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target).filter((target) => !/^(https:|#)/.test(target!))).toEqual([])
    expect(withAbsoluteLinks(once, ADDRESS, 'v1.2.0')).toBe(once)
  })
})

describe('withRelease', () => {
  it('dates what is unreleased', () => {
    expect(withRelease('# Changelog\n\n## Unreleased\n\n- a\n\n## 1.1.0 - 2026-01-01\n', '1.2.0', '2026-02-01')).toBe(
      '# Changelog\n\n## 1.2.0 - 2026-02-01\n\n- a\n\n## 1.1.0 - 2026-01-01\n',
    )
  })

  it.each(['# Changelog\n\n## 1.1.0\n\n- a\n', '# Changelog\n\n## Unreleased\n\n## 1.1.0\n\n- a\n'])(
    'refuses %j, where nothing is',
    (text) => {
      expect(() => withRelease(text, '1.2.0', '2026-02-01')).toThrow(/nothing under/)
    },
  )
})

describe('withVersion', () => {
  it("changes the package's own version in the lock file, and nothing else", () => {
    const lock = readFileSync(new URL('../../../package-lock.json', import.meta.url), 'utf8')

    const changed = withVersion(lock, '7.8.9')

    const { version, packages } = JSON.parse(lock) as { version: string; packages: Record<string, { version: string }> }
    expect(JSON.parse(changed)).toEqual({
      ...JSON.parse(lock),
      version: '7.8.9',
      packages: { ...packages, '': { ...packages[''], version: '7.8.9' } },
    })
    expect(withVersion(changed, version)).toBe(lock)
  })
})

describe('complaintsAbout', () => {
  const ready = withRepository(MANIFEST, ADDRESS)
  const changelog = '# Changelog\n\n## 1.2.0 - 2026-02-01\n'

  it('has none about a package that is ready', () => {
    expect(complaintsAbout(ready, '[a](https://a.test)', changelog)).toEqual([])
  })

  it('names what is missing', () => {
    expect(complaintsAbout(ready, '[a](docs/a.md)', '# Changelog\n\n## Unreleased\n\n- a\n')).toEqual([
      expect.stringContaining('docs/a.md'),
      expect.stringContaining('no heading for 1.2.0'),
      expect.stringContaining('## Unreleased'),
    ])
  })

  it('asks for the address first: links cannot be absolute without it', () => {
    expect(complaintsAbout(MANIFEST, '[a](docs/a.md)', changelog)).toEqual([expect.stringContaining('release:setup')])
  })

  it('takes an empty heading for what is unreleased', () => {
    expect(complaintsAbout(ready, '', `# Changelog\n\n## Unreleased\n\n${changelog.slice(13)}`)).toEqual([])
  })

  it('refuses a placeholder that somebody wrote by hand', () => {
    const manifest = { ...ready, repository: { type: 'git' as const, url: 'git+https://github.com/owner/name.git' } }

    expect(complaintsAbout(manifest, '', changelog)).toEqual([expect.stringContaining('placeholder')])
  })
})
