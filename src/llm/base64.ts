/** Bytes at once: `String.fromCharCode` takes its input as arguments, and their number is limited. */
const SLICE = 0x8000

/** Bytes as base64, without a Node built-in. */
export function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (let from = 0; from < bytes.length; from += SLICE) {
    binary += String.fromCharCode(...bytes.subarray(from, from + SLICE))
  }
  return btoa(binary)
}
