import { describe, expect, it } from 'vitest'
import { parseFormat } from '../../src/settings/language/format.js'
import { commaItems, guess, OTHER_READINGS } from '../../src/settings/language/read-text.js'
import { mapStructure } from '../../src/settings/language/structure.js'
import { isSecretByItself, maskCredentials } from '../../src/settings/secrets/redact.js'
import { isNamedLikeSecret } from '../../src/settings/secrets/secret-names.js'
import { parseDotenv } from '../../src/settings/sources/dotenv.js'
import { parseSettingsFile } from '../../src/settings/sources/settings-file.js'
import { impossibleDate } from '../../src/settings/sources/toml-dates.js'
import { tomlLines } from '../../src/settings/sources/toml-lines.js'
import { pathOf } from '../../src/settings/tree/path.js'

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  maskCredentials,
  isSecretByItself,
  isNamedLikeSecret: (text) => isNamedLikeSecret(text),
  parseFormat,
  guess,
  commaItems,
  'the other readings of a text': (text) => OTHER_READINGS.map((read) => read(text)),
  'reading a structure': (text) => mapStructure(text, (scalar) => scalar.text),
  'a .env file': (text) => parseDotenv(text, () => undefined),
  'a value of .env': (text) => parseDotenv(`A=${text}`, () => undefined),
  'a TOML file': (text) => parseSettingsFile('a.toml', text),
  'the dates of a TOML file': impossibleDate,
  'the lines of a TOML file': (text) => tomlLines(text)(['a']),
  pathOf,
}

/** Begins of what the patterns look for, over and over and never ended. */
const PARTS = [
  ...['https://a:', 'a://', '://a', 'a:', 'a:b@', 'jdbc:oracle:a:', 'mailto:', 'eyJa.', 'sk-', '-----BEGIN ', 'Basic ', 'Bearer a'],
  ...[
    'password=',
    '"password":"',
    '--password ',
    '-u ',
    '-u a:',
    '-u a',
    '<password>',
    '<password',
    '</',
    'password%3D',
    '%22',
    'a=',
    '?key=',
  ],
  ...['sshpass -p', '"', '\\"', '"a\\', "'", "\\'", '`', ' ', '\t', '\r', '\u2028', ' \n', '=', '@', '/', 'a.', '-', '_', 'a '],
  ...['[', '{', '}', '[[', '${', '${a:-', '\\', '#', ' #', '0', '1_', '1,', '[1,', '{"a":', '"""', "'''", '2021-02-', 'A="', "A='", 'A=`'],
  ...[
    "${a:-'",
    '${a:-"',
    'token',
    'maxtoken',
    'pass',
    'tokens',
    'aB',
    'this.',
    '{this.',
    'env[',
    'a = 1\n',
    '[a',
    'password := ',
    'password =>',
  ],
]

/**
 * How many times more processor time a text of eight times the length takes, by the least of up to twelve turns: collecting garbage and
 * compiling only add to it.
 */
function growth(read: (text: string) => unknown, part: string): number {
  const short = part.repeat(Math.ceil(5_000 / part.length))
  const long = short.repeat(8)
  let [shortMs, longMs] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let turn = 0; turn < 12; turn++) {
    shortMs = least(() => read(short), 3, shortMs)
    longMs = least(() => read(long), 1, longMs)
    if (longMs <= LINEAR * Math.max(SHORTEST_MS, shortMs)) break
  }
  return longMs / Math.max(SHORTEST_MS, shortMs)
}

/** Eight times the work, and more for what the machine does meanwhile; work that grows with the square is 64 times. */
const LINEAR = 28
/** Below this a time tells more about the machine than about the work. */
const SHORTEST_MS = 4

function least(run: () => unknown, times: number, known: number): number {
  let shortest = known
  for (let time = 0; time < times; time++) {
    const start = process.cpuUsage()
    try {
      run()
    } catch {
      // That a text is refused is another test's matter.
    }
    const { user, system } = process.cpuUsage(start)
    shortest = Math.min(shortest, (user + system) / 1_000)
  }
  return shortest
}

describe('the work for a text grows with its length', () => {
  it.each(Object.keys(readers))('%s', { timeout: 60_000 }, (name) => {
    const read = readers[name] ?? (() => undefined)
    expect(PARTS.find((part) => growth(read, part) > LINEAR)).toBeUndefined()
  })
})

describe('credentials far from their address', () => {
  it('are masked, however long they are', () => {
    const masked = maskCredentials(
      `see https://user:${'s3cr3t'.repeat(500)}@host/a and jdbc:oracle:thin:scott/${'s3cr3t'.repeat(50)}@//host`,
    )
    expect(masked).toBe('see https://***@host/a and jdbc:oracle:thin:***@//host')
  })
})
