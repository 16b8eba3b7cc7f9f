import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSame } from '../../src/file-format/canonical.js'
import { parseEntity, printEntity } from '../../src/file-format/entity-file.js'
import { checkContent, kindsOfFiles } from '../../src/file-format/file-kind.js'
import { nameAt, pathOf } from '../../src/file-format/file-path.js'
import { casesOf } from '../support/long-form.js'
import { entities, names, texts } from './entities.js'

const KINDS = new Map(kindsOfFiles().map((kind) => [kind.kind, kind]))
const kindOf = (kind: string) => KINDS.get(kind)!

describe('the file of an entity', () => {
  it('is read as the entity it was written from: thousands of random ones', { timeout: 240_000 }, () => {
    const wanted = casesOf(3_000, 20_000)
    let count = 0
    fc.assert(
      fc.property(entities, ({ kind, content }) => {
        checkContent(kindOf(kind), content)
        const text = printEntity(kindOf(kind), content)
        const read = parseEntity(kindOf(kind), text).content

        count++
        if (!isSame(read, content)) throw new Error(`${JSON.stringify(content)}\nwas read as\n${JSON.stringify(read)}\nfrom\n${text}`)
      }),
      { numRuns: wanted },
    )
    expect(count).toBeGreaterThanOrEqual(wanted)
  })

  it('is the same after a system with other line ends wrote it, and printed again it is the same text', () => {
    fc.assert(
      fc.property(entities, ({ kind, content }) => {
        const text = printEntity(kindOf(kind), content)
        const onWindows = text.replaceAll('\n', '\r\n')

        expect(isSame(parseEntity(kindOf(kind), onWindows).content, content)).toBe(true)
        expect(printEntity(kindOf(kind), content, text)).toBe(text)
      }),
      { numRuns: 1_000 },
    )
  })

  it('says what another version says once that is printed over it', () => {
    const pairs = fc.tuple(entities, entities).filter(([one, other]) => one.kind === other.kind)
    fc.assert(
      fc.property(pairs, fc.boolean(), ([{ kind, content: before }, { content: after }], isEnded) => {
        const old = printEntity(kindOf(kind), before)
        // Some editors leave out the last line feed.
        const text = printEntity(kindOf(kind), after, isEnded ? old : old.replace(/\n$/, ''))

        expect(isSame(parseEntity(kindOf(kind), text).content, after)).toBe(true)
      }),
      { numRuns: 700 },
    )
  })

  it.each(['\n', '\r\n', 'a\n\n\n', '---\na: b\n---\n', '\t', 'x\r', '🦊\n---', ' leading', 'trailing '])(
    'keeps the template %j',
    (template) => {
      const content = { type: 'text', template, templateFormat: 'raw', description: null, model: null, parameters: {} }

      const text = printEntity(kindOf('prompt'), content)

      expect(parseEntity(kindOf('prompt'), text).content).toEqual(content)
      expect(text).not.toContain('\r')
      expect(text.endsWith('\n')).toBe(true)
    },
  )

  it('keeps a template of 1 MiB', () => {
    const content = { type: 'text', template: 'ä\n'.repeat(349_525), templateFormat: 'raw', description: null, model: null, parameters: {} }

    expect(isSame(parseEntity(kindOf('prompt'), printEntity(kindOf('prompt'), content)).content, content)).toBe(true)
  })

  it('keeps comments and the order of keys when one field changes', () => {
    const before =
      '---\n# who asks\nmodel: default # cheap\ndescription: Sorts\nparameters: { temperature: 0.2 } # cool\nvariables: { product: string }\nformat: mustache\n---\nSort {{product}}.\n'
    const { content } = parseEntity(kindOf('prompt'), before)

    const text = printEntity(kindOf('prompt'), { ...content, description: 'Sorts a ticket' }, before)

    expect(text).toBe(before.replace('description: Sorts', 'description: Sorts a ticket'))
  })
})

describe('the path of an entity', () => {
  it('leads to one name, stays in its folder, and fits any file system', () => {
    fc.assert(
      fc.property(names, (name) => {
        const path = pathOf('prompts', name, '.prompt')
        const parts = path.split('/')

        expect(nameAt(path.slice('prompts/'.length), '.prompt')).toBe(name)
        for (const part of parts) {
          expect(part).not.toMatch(/^\.|^$|[. ]$|[<>:"\\|?*\n]/)
          expect(Buffer.byteLength(part)).toBeLessThanOrEqual(255)
        }
      }),
      { numRuns: 5_000 },
    )
  })

  it.each([
    ['support/triage', 'prompts/support/triage.prompt'],
    ['v1.2', 'prompts/v1.2.prompt'],
    ['../../etc/passwd', 'prompts/%2E%2E/%2E%2E/etc/passwd.prompt'],
    ['/a//b/', 'prompts/%00/a/%00/b/%00.prompt'],
    ['50%', 'prompts/50%25.prompt'],
    ['con', 'prompts/%63on.prompt'],
    ['a:b?', 'prompts/a%3Ab%3F.prompt'],
  ])('of %s is %s', (name, path) => {
    expect(pathOf('prompts', name, '.prompt')).toBe(path)
    expect(nameAt(path.slice('prompts/'.length), '.prompt')).toBe(name)
  })

  it('is no two names at once', () => {
    fc.assert(fc.property(texts, texts, (one, other) => one === other || pathOf('p', one, '') !== pathOf('p', other, '')))
  })
})
