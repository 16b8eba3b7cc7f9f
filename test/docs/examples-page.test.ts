import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

describe('docs/examples.md', () => {
  const rows = [...read('docs/examples.md').matchAll(/^\| (\[.+?) \| (.+?) \| (.+?) \| `(test\/[^`]+)` \|$/gm)].map(
    ([, names, shows, command, test]) => ({ names: names!, shows: shows!, command: command!, test: test! }),
  )

  it('has a row for every example', () => {
    const listed = rows.flatMap(({ names }) => [...names.matchAll(/\[([^\]]+)\]/g)].map(([, name]) => name!.replace(/\/$/, '')))
    // Started by two-workers.ts.
    const examples = readdirSync(join(ROOT, 'examples')).filter((name) => name !== 'two-workers-reader.ts')

    expect(listed.toSorted()).toEqual(examples.toSorted())
  })

  it('names for each a test that is there and runs it', () => {
    for (const { names, test } of rows) {
      expect(existsSync(join(ROOT, test)), test).toBe(true)
      const sources = test.endsWith('/') ? readdirSync(join(ROOT, test)).map((name) => read(`${test}${name}`)) : [read(test)]
      const [, name] = /\[([^\]]+?)\/?\]/.exec(names)!
      expect(sources.join('\n'), `${test} names ${name}`).toContain(name)
    }
  })

  it('has one line and one command for each, whose script exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }

    for (const { shows, command } of rows) {
      expect(shows.length).toBeLessThan(140)
      const [, script] = /npm run ([\w-]+)/.exec(command) ?? []
      if (script) expect(Object.keys(scripts)).toContain(script)
    }
  })
})
