import murmurhash from 'murmurhash'

/**
 * The place of a key on a line of 10,000 places: 0…9999, evenly spread, the same in every process and release.
 *
 * `floor(hash / 2^32 * 10000)`, with murmur3 x86_32 over the key's UTF-8. Other languages and SQL can compute it too.
 *
 * @param seed a non-negative integer; other seeds place the same keys independently. @default 1
 *
 * @example
 * ```ts
 * bucketOf('hello') // 7316
 * ```
 */
export function bucketOf(key: string, seed = 1): number {
  return bucketOfBytes(bytesOf(key), seed)
}

/** The number of places, so that one is a hundredth of a percent. */
export const BUCKETS = 10_000

/** The bytes that are hashed, for a caller with several seeds. The next call overwrites them. */
export function bytesOf(key: string): Uint8Array {
  if (key.length > SCRATCH_KEY) return ENCODER.encode(key)
  return SCRATCH.subarray(0, ENCODER.encodeInto(key, SCRATCH).written)
}

export function bucketOfBytes(bytes: Uint8Array, seed: number): number {
  return Math.floor((murmurhash.v3(bytes, seed) / 2 ** 32) * BUCKETS)
}

const ENCODER = new TextEncoder()

/** The longest key that fits the scratch bytes, of which a UTF-16 unit needs three at most; a fresh array per read takes three times as long. */
const SCRATCH_KEY = 1_024
const SCRATCH = new Uint8Array(3 * SCRATCH_KEY)
