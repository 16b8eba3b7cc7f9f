import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DocumentSigner } from '../../../src/cache/held/document-signer.js'
import { decodeDocument, encodeDocument, type StampedDocument } from '../../../src/cache/held/stamped-document.js'
import { createConfigManager } from '../../../src/index.js'
import { InvalidArgumentError } from '../../../src/shared/errors.js'

const KEY = '{agent-config}:db:1:e:prompt:default:a'
const OLD = 'old secret '.repeat(3)
const NEW = 'new secret '.repeat(3)
const SIGNER = new DocumentSigner([NEW])

const anyDocument: fc.Arbitrary<StampedDocument> = fc.record({
  scope: fc.constant('prompt:default:a'),
  revision: fc.nat(),
  token: fc.uuid(),
  asOf: fc.nat(),
  text: fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
})

function decoded(value: string, key = KEY, signer = SIGNER): StampedDocument | undefined {
  return decodeDocument('prompt:default:a', value, key, signer).document
}

describe('a signed document', () => {
  it('is what was stored', () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        expect(decoded(encodeDocument(document, KEY, SIGNER))).toEqual(document)
      }),
    )
  })

  it('is refused when any character of it was changed, cut or added, or when it lies under another key', () => {
    fc.assert(
      fc.property(
        anyDocument,
        fc.nat(),
        fc.string({ minLength: 1, maxLength: 3 }),
        fc.constantFrom('cut', 'add', 'change'),
        (document, at, other, how) => {
          const value = encodeDocument(document, KEY, SIGNER)
          const place = at % value.length
          const rest = how === 'add' ? value.slice(place) : value.slice(place + (how === 'cut' ? 1 : other.length))
          const harmed = value.slice(0, place) + (how === 'cut' ? '' : other) + rest

          if (harmed !== value) expect(decoded(harmed)).toBeUndefined()
          expect(decoded(value, `${KEY}b`)).toBeUndefined()
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is refused when only bits of its signature were changed that are not part of the bytes', () => {
    const [stamp = '', text = ''] = encodeDocument(
      { scope: 'prompt:default:a', revision: 1, token: 't', asOf: 2, text: '"x"' },
      KEY,
      SIGNER,
    ).split('\n')
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const accepted = [...alphabet].filter((last) => decoded(`${stamp.slice(0, -1)}${last}\n${text}`) !== undefined)

    expect(accepted).toEqual([stamp.at(-1)])
  })

  it('is refused when it is signed with another secret or not at all', () => {
    const document = { scope: 'prompt:default:a', revision: 1, token: 't', asOf: 2, text: '"x"' }

    expect(decoded(encodeDocument(document, KEY, new DocumentSigner([OLD])))).toBeUndefined()
    expect(decoded(encodeDocument(document, KEY, new DocumentSigner([])))).toBeUndefined()
  })

  it('is taken through a change of secrets: the first signs, all are accepted', () => {
    const document = { scope: 'prompt:default:a', revision: 1, token: 't', asOf: 2, text: '"x"' }
    const both = new DocumentSigner([NEW, OLD])

    expect(decoded(encodeDocument(document, KEY, new DocumentSigner([OLD])), KEY, both)).toEqual(document)
    expect(decoded(encodeDocument(document, KEY, both))).toEqual(document)
    expect(decoded(encodeDocument(document, KEY, SIGNER), KEY, new DocumentSigner([]))).toEqual(document)
  })
})

describe('redisSecret', () => {
  it.each([
    ['a short one', 'x'.repeat(31), 'redisSecret'],
    ['none in a list', [], 'redisSecret'],
    ['a short one in a list', [NEW, 'short-s3cret'], 'redisSecret[1]'],
    ['a number', 5, 'redisSecret'],
  ])('refuses %s', (_title, redisSecret, field) => {
    const create = () => createConfigManager({ database: 'postgresql://localhost/db', redisSecret: redisSecret as string })

    expect(create).toThrow(InvalidArgumentError)
    expect(create).toThrow(expect.objectContaining({ field }))
    expect(create).not.toThrow(/s3cret/)
  })

  it('counts bytes, not characters', () => {
    expect(() => createConfigManager({ database: 'postgresql://localhost/db', redisSecret: 'é'.repeat(16) })).not.toThrow()
  })
})
