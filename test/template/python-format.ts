import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import fc from 'fast-check'

/** A template and what Python's `str.format` makes of it, `null` where it refuses. */
export type PythonCase = readonly [template: string, rendered: string | null]

/** The values of every case. Some names are no identifiers: Python takes them, too. */
export const VALUES: Readonly<Record<string, string>> = { a: 'A', b_1: '{a}', été: '}', 日本: '日', _: '' }

/** Random templates, full of braces and names; the same ones for the same seed. */
export function randomTemplates(count: number): readonly string[] {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('{a}', '{b_1}', '{été}', '{日本}', '{_}', '{{', '}}', '{c}') },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        '{',
        '}',
        'a',
        ' ',
        '\n',
        '!',
        ':',
        '.',
        '[',
        ']',
        '0',
        '😀',
        '"',
        '{}',
        '{0}',
        '{a.b}',
        '{a!r}',
        '{a:>3}',
        '{ a}',
      ),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 3 }) },
  )
  const template = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  return fc.sample(template, { numRuns: count, seed: 20_260_201 })
}

const PROGRAM = `
import json, sys
templates, values = json.load(sys.stdin)
def render(template):
    try:
        return template.format(**values)
    except Exception:
        return None
json.dump([[template, render(template)] for template in templates], sys.stdout)
`

/** Asks Python; `undefined` where there is none. */
export function askPython(templates: readonly string[]): readonly PythonCase[] | undefined {
  const { status, stdout } = spawnSync('python3', ['-c', PROGRAM], {
    input: JSON.stringify([templates, VALUES]),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return status === 0 ? (JSON.parse(stdout) as PythonCase[]) : undefined
}

/** Writes the table that stands in where Python is absent: `npx tsx test/template/python-format.ts`. */
if (process.argv[1]?.endsWith('python-format.ts')) {
  const cases = askPython(randomTemplates(1_500))
  writeFileSync(new URL('./python-format.json', import.meta.url), `[\n${cases?.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`)
}
