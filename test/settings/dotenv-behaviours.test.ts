// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${X} is what these files hold.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseDotenv } from '../../src/settings/sources/dotenv.js'

/** What a text gives: its variables, with `null` for a line that is refused. */
type Reading = Readonly<Record<string, string>> | null

interface Behaviour {
  readonly text: string
  readonly ours: Reading
  /** What the documentation of dotenv (16 and later) says. @default ours */
  readonly dotenv?: Reading
  /** What the documentation of python-dotenv (1.0 and later) says. @default ours */
  readonly pythonDotenv?: Reading
  /** The beginning of the row of docs/settings.md that tells the difference. */
  readonly row?: string
}

const QUOTED_DOLLAR = "| `V='${X}'`"
const COLON = "| `V='a'b`, `V: a`, a quote that is not closed"
const HASH = '| `V=a#b`, `V=http://h/#x`'
const ESCAPE = '| `V="a\\tb"`, `V="say \\"hi\\""`'
const BACKTICKS = '| `` V=`a "b"` ``'
const KEYS = "| `'A B'=1`, `[=1`"
const UNUSED = '| `V` alone'

const BEHAVIOURS: readonly Behaviour[] = [
  // Keys and spaces.
  { text: 'A=b', ours: { A: 'b' } },
  { text: ' A = b ', ours: { A: 'b' } },
  { text: 'A=\tb\t', ours: { A: 'b' } },
  { text: 'export A=b', ours: { A: 'b' } },
  { text: '  export   A=b', ours: { A: 'b' } },
  { text: 'export export_a=1', ours: { export_a: '1' } },
  { text: "'A'=b", ours: { A: 'b' }, dotenv: {}, row: KEYS },
  { text: '[=b', ours: { '[': 'b' }, dotenv: {}, row: KEYS },
  { text: 'A.B-C=d', ours: { 'A.B-C': 'd' } },
  { text: 'A', ours: {}, pythonDotenv: {}, row: UNUSED },
  { text: 'A=', ours: { A: '' } },
  { text: 'A=\nB=c', ours: { A: '', B: 'c' } },
  { text: '\n\n', ours: {} },
  { text: 'A=b\n\nC=d', ours: { A: 'b', C: 'd' } },
  { text: 'A=b\r\nC=d', ours: { A: 'b', C: 'd' } },
  { text: 'A=b\rC=d', ours: { A: 'b', C: 'd' } },
  { text: 'A=1\nA=2', ours: { A: '2' } },
  { text: 'A=é', ours: { A: 'é' } },
  { text: 'A=b c', ours: { A: 'b c' } },
  { text: 'A=b\u00a0 c', ours: { A: 'b\u00a0 c' } },
  { text: 'A=b==', ours: { A: 'b==' } },
  { text: 'A: b', ours: null, dotenv: { A: 'b' }, row: COLON },
  { text: 'what is this', ours: null, dotenv: {}, row: COLON },
  // Comments.
  { text: '# A=b', ours: {} },
  { text: 'A=b # c', ours: { A: 'b' } },
  { text: 'A=b\t# c', ours: { A: 'b' } },
  { text: 'A= # c', ours: { A: '' } },
  { text: 'A=b#c', ours: { A: 'b#c' }, dotenv: { A: 'b' }, row: HASH },
  { text: 'A=#c', ours: { A: '#c' }, dotenv: { A: '' }, row: '| `V=#abc`' },
  { text: "A='b # c' # d", ours: { A: 'b # c' } },
  { text: 'A="b #c" #d', ours: { A: 'b #c' } },
  { text: 'A="S3cr3t#rD" #\nB=c', ours: { A: 'S3cr3t#rD', B: 'c' } },
  // Quotes.
  { text: "A='  b  '", ours: { A: '  b  ' } },
  { text: 'A="  b  "', ours: { A: '  b  ' } },
  { text: 'A=\'say "b"\'', ours: { A: 'say "b"' } },
  { text: 'A="it\'s"', ours: { A: "it's" } },
  { text: 'A={"b": "c"}', ours: { A: '{"b": "c"}' } },
  { text: 'A=\'{"b": "c"}\'', ours: { A: '{"b": "c"}' } },
  { text: 'A=b"', ours: { A: 'b"' } },
  { text: "A=b'", ours: { A: "b'" } },
  { text: 'A="b', ours: null, dotenv: { A: '"b' }, row: COLON },
  { text: "A='b'c", ours: null, dotenv: { A: "'b'c" }, row: COLON },
  { text: 'A="b\nc"', ours: { A: 'b\nc' } },
  { text: "A='b\nc'", ours: { A: 'b\nc' } },
  { text: 'A=`b\nc`', ours: { A: 'b\nc' }, pythonDotenv: null, row: BACKTICKS },
  { text: 'A=`b "c"`', ours: { A: 'b "c"' }, pythonDotenv: { A: '`b "c"`' }, row: BACKTICKS },
  // Escapes.
  { text: 'A=b\\nc', ours: { A: 'b\\nc' } },
  { text: "A='b\\nc'", ours: { A: 'b\\nc' } },
  { text: 'A="b\\nc"', ours: { A: 'b\nc' } },
  { text: 'A="b\\tc"', ours: { A: 'b\tc' }, dotenv: { A: 'b\\tc' }, row: ESCAPE },
  { text: 'A="b\\"c"', ours: { A: 'b"c' }, dotenv: { A: 'b\\"c' }, row: ESCAPE },
  { text: "A='b\\'c'", ours: { A: "b'c" }, dotenv: { A: "b\\'c" }, row: "| `V='it\\'s'`" },
  { text: "A='b\\\\c'", ours: { A: 'b\\\\c' }, pythonDotenv: { A: 'b\\c' }, row: "| `V='a\\\\b'`" },
  // Variables: dotenv expands none, its companion dotenv-expand does.
  { text: 'A=b\nC=${A}', ours: { A: 'b', C: 'b' }, dotenv: { A: 'b', C: '${A}' }, row: '| `${X-d}`' },
  { text: 'C=${A:-d}', ours: { C: 'd' }, dotenv: { C: '${A:-d}' }, row: '| `${X-d}`' },
  { text: 'A=\nC=${A:-d}', ours: { A: '', C: 'd' }, pythonDotenv: { A: '', C: '' }, row: '| `${X:-d}` with an empty `X`' },
  { text: 'C=${A-d}', ours: { C: 'd' }, pythonDotenv: { C: '${A-d}' }, row: '| `${X-d}`' },
  { text: "A=b\nC='${A}'", ours: { A: 'b', C: '${A}' }, pythonDotenv: { A: 'b', C: 'b' }, row: QUOTED_DOLLAR },
  { text: 'A=b\nC=$A', ours: { A: 'b', C: '$A' } },
]

const docs = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8').split('\n')

describe('what dotenv and python-dotenv document', () => {
  it.each(BEHAVIOURS)('is read as the table of docs/settings.md says: $text', ({ text, ours, dotenv = ours, pythonDotenv = ours, row }) => {
    const { variables, warnings } = parseDotenv(text, () => undefined)
    const isSame = [dotenv, pythonDotenv].every((other) => JSON.stringify(other) === JSON.stringify(ours))

    expect(
      warnings.length > 0 && variables.length === 0 ? null : Object.fromEntries(variables.map(({ name, text }) => [name, text])),
    ).toEqual(ours)
    if (!isSame)
      expect(
        docs.some((line) => line.startsWith(row ?? 'a row is missing')),
        `a row that begins with ${row}`,
      ).toBe(true)
  })

  it('begins after a byte order mark', () => {
    expect(parseDotenv('\ufeffA=b', () => undefined).variables).toMatchObject([{ name: 'A', text: 'b' }])
  })
})
