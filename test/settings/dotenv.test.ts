// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${X} is what these files hold.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createConfig } from '../../src/settings/index.js'
import { aFolder } from './folder.js'

/** What a .env file gives in the environment "prod", and the warnings about it. */
function read(text: string, env: Record<string, string> = {}, more: Record<string, string> = {}) {
  const warnings: string[] = []
  const config = createConfig({
    root: aFolder({ '.env': text, ...more }),
    files: [],
    prefix: 'P',
    env,
    environment: 'prod',
    onWarning: (message) => warnings.push(message),
  })
  return { value: (path: string): unknown => config.get(path), config, warnings: warnings.join('\n') }
}

describe('a line of .env', () => {
  it.each([
    // Comments and spaces.
    ['P_V= # fill me in', ''],
    ['P_V=   ', ''],
    ['P_V=', ''],
    ['P_V=a # comment', 'a'],
    ['P_V=a#b', 'a#b'],
    ['P_V=#abc', '#abc'],
    ['P_V=http://h/#frag # c', 'http://h/#frag'],
    ['P_V = a ', 'a'],
    ['export P_V=a', 'a'],
    ['P_V="a" # c', 'a'],
    ["P_V='a # b' # c", 'a # b'],
    ['P_V=a\tb # c', 'a\tb'],
    // Quotes.
    ["P_V='pa${ss}w'", 'pa${ss}w'],
    ["P_V='a\\nb'", 'a\\nb'],
    ["P_V='a\\\\b'", 'a\\\\b'],
    ["P_V='it\\'s'", "it's"],
    ["P_V='C:\\dir\\'", 'C:\\dir\\'],
    ['P_V="a\\nb\\tc"', 'a\nb\tc'],
    ['P_V="say \\"hi\\""', 'say "hi"'],
    ['P_V="\\${X}"', '${X}'],
    // A backslash before a backslash is one, and the variable behind it is a variable.
    ['P_V="C:\\\\dir\\\\${S}\\\\"', 'C:\\dir\\set\\'],
    ['P_V="\\\\\\${X}"', '\\${X}'],
    ['P_V="pa\\$\\$w\\`d"', 'pa$$w`d'],
    ['P_V="${X:-\\${S}}"', '${S}'],
    ['P_V=\\\\${S}', '\\\\set'],
    ['P_V=pa\\$w', 'pa\\$w'],
    ['P_V=`a "b" c`', 'a "b" c'],
    ["P_V=`it's`", "it's"],
    ['P_V=`a\nb`', 'a\nb'],
    ['P_V="a\nb"', 'a\nb'],
    ["P_V='a\nb'", 'a\nb'],
    ['P_V="a\r\nb"', 'a\nb'],
    ['P_V=" a "', ' a '],
    // Expansion.
    ['P_V=${X-def}', 'def'],
    ['P_V=${X:-def}', 'def'],
    // As a shell does: quotes of a default are taken off, unless the whole value stands in quotes.
    ["P_V=${X:-'a b'}", 'a b'],
    ['P_V=${X:-"a ${S}"}', 'a set'],
    ["P_V=${X:-'${S}'}", '${S}'],
    ["P_V=${S:+'a b'}", 'a b'],
    ["P_V=${X-'a b'}c", 'a bc'],
    [`P_V="x\${X:-'a b'}"`, "x'a b'"],
    ["P_V=${X:-it's}", "it's"],
    ['P_V=${X:-}', ''],
    ['P_V=${X:+alt}', ''],
    ['P_V=${X+alt}', ''],
    ['P_V=${E-def}', ''],
    ['P_V=${E:-def}', 'def'],
    ['P_V=${E+alt}', 'alt'],
    ['P_V=${E:+alt}', ''],
    ['P_V=${S:+alt}', 'alt'],
    ['P_V=${S-def}', 'set'],
    ['P_V=${S:?must be set}', 'set'],
    ['P_V=${X:=def}', 'def'],
    ['P_V=${E=def}${E:=def}', 'def'],
    ['P_V=${X:-${Y:-z}}', 'z'],
    ['P_V=${X:-${S}/y}', 'set/y'],
    ['P_V=a${S}b${S}', 'asetbset'],
    ['P_V="${S} ${X:-a b}"', 'set a b'],
    ['P_V=`${S}`', 'set'],
    ['P_V=${X:-a #b} # c', 'a #b'],
    ['P_V=${S}${X:-${Y:-a #b} #c} # d', 'seta #b #c'],
    ['P_V=${X:-a #b', '${X:-a'],
    ['P_V=$S', '$S'],
    ['P_V=\\${S}', '${S}'],
    ['P_V=${S', '${S'],
    ['P_V=${not a name}', '${not a name}'],
  ])('%j', (line, expected) => {
    const { config } = read(line, { S: 'set', E: '' })

    expect(config.get('V')).toBe(expected)
  })

  it('takes variables of lines above, and the real environment before them', () => {
    expect(read('A=1\nP_V=${A}x').value('V')).toBe('1x')
    expect(read('A=1\nP_V=${A}x', { A: '2' }).value('V')).toBe('2x')
  })

  it('demands with ${X:?message}, and says where', () => {
    expect(() => read('P_A=1\nP_V=${X:?must be set}')).toThrow(/\.env:2 needs X: must be set/)
    expect(() => read('P_V=${E:?}', { E: '' })).toThrow(/\.env:1 needs E, which is not set/)
    expect(() => read('P_V=${E?no}', { E: '' })).not.toThrow()
  })

  it('warns about a name that nothing sets', () => {
    const { value, warnings } = read('P_HOST=h\nP_V=a${P_HSOT}')

    expect(value('V')).toBe('a')
    expect(warnings).toMatch(/\.env:2 uses P_HSOT, which is not set; it is empty/)
  })

  it('is skipped with a warning when a quote is not closed', () => {
    expect(read('P_A=1\nP_V=`open\nP_B=2')).toMatchObject({ warnings: expect.stringMatching(/\.env:2 is not a line/) as string })
  })

  it('never hangs and never fails in another way than by a settings error', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('P_V=', '"', "'", '`', '${', '}', ':-', ':?', '\\', '\n', ' ', '#', 'a', '='), maxLength: 40 }),
        (text) => {
          try {
            read(text)
          } catch (error) {
            expect(error).toMatchObject({ code: 'E_SETTINGS' })
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('files of .env', () => {
  it('stand in the order .env, .env.local, .env.{env}, .env.{env}.local', () => {
    const all = { '.env.local': 'P_V=local', '.env.prod': 'P_V=prod', '.env.prod.local': 'P_V=prod.local' }
    const names = Object.keys(all) as (keyof typeof all)[]

    for (let count = 0; count <= names.length; count++) {
      const some = Object.fromEntries(names.slice(0, count).map((name) => [name, all[name]]))
      expect(read('P_V=base', {}, some).value('V')).toBe(['base', 'local', 'prod', 'prod.local'][count])
    }
  })

  it('may use variables of the files before them', () => {
    expect(read('HOST=h', {}, { '.env.prod': 'P_V=${HOST}/x' }).value('V')).toBe('h/x')
  })

  it('are read once when .env.local is also the file of the environment "local"', () => {
    const root = aFolder({ '.env': 'P_A=1', '.env.local': 'P_V=1' })
    const config = createConfig({ root, files: [], prefix: 'P', env: {}, onWarning: () => {} })

    expect(config.inspect('V').candidates).toHaveLength(1)
  })
})
