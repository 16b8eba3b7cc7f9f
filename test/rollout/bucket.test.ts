import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketOf, bytesOf } from '../../src/rollout/bucket.js'

/** murmur3 x86_32 as published with the reference implementation and by those who ported it: text, seed, hash. */
const PUBLISHED = [
  ['', 0, 0x00000000],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['\0\0\0\0', 0, 0x2362f9de],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['aa', 0x9747b28c, 0x5d211726],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['ab', 0x9747b28c, 0x74875592],
  ['abc', 0x9747b28c, 0xc84a62dd],
  ['abcd', 0x9747b28c, 0xf0478627],
  ['abc', 0, 0xb3dd93fa],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
] as const

describe('bucketOf', () => {
  it.each(PUBLISHED)('puts %j with seed %i where its published murmur3 hash belongs', (key, seed, hash) => {
    expect(bucketOf(key, seed)).toBe(Math.floor((hash / 2 ** 32) * 10_000))
  })

  it('takes seed 1 when none is given', () => {
    expect(bucketOf('')).toBe(Math.floor((0x514e28b7 / 2 ** 32) * 10_000))
  })

  it('gives a whole number from 0 to 9999 for every text, the same each time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (key, seed) => {
        const bucket = bucketOf(key, seed)

        expect(Number.isInteger(bucket) && bucket >= 0 && bucket <= 9_999).toBe(true)
        expect(bucketOf(key, seed)).toBe(bucket)
      }),
    )
  })

  it('hashes UTF-8, for keys of every length', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.nat(2_500).map((length) => '名'.repeat(length)),
        ),
        (key) => {
          expect(Buffer.from(bytesOf(key)).equals(Buffer.from(key, 'utf8'))).toBe(true)
        },
      ),
    )
  })

  it('spreads 100,000 keys evenly over 100 stretches', () => {
    const counts = new Array<number>(100).fill(0)

    for (let index = 0; index < 100_000; index++) counts[Math.floor(bucketOf(`user-${index}`) / 100)]! += 1

    // 99 degrees of freedom, one chance in 10,000 of more.
    expect(counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)).toBeLessThan(161)
  })
})
