import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * Signs what is stored in Redis, so that a document is accepted only from a writer that knows the secret. HMAC-SHA-256 over key, stamp and
 * text, each preceded by its length, so that no other three give the same bytes. The key holds database and document format, so a document
 * cannot be moved to another key. Only the scope's head reveals an old document that was put back under its own key.
 */
export class DocumentSigner {
  readonly #secrets: readonly string[]

  /** @param secrets the first signs, all are accepted; with an empty list nothing is signed or checked */
  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  /** `undefined` without a secret. */
  sign(key: string, stamp: string, text: string): string | undefined {
    const [secret] = this.#secrets
    return secret === undefined ? undefined : digest(secret, key, stamp, text)
  }

  /** Whether a document may be taken. Without a secret it always may. */
  accepts(key: string, stamp: string, text: string, signature: string | undefined): boolean {
    if (this.#secrets.length === 0) return true
    // As texts: the last character has two bits that are not part of the bytes, so three others would be read as the same.
    const given = Buffer.from(signature ?? '')
    return this.#secrets.some((secret) => {
      const right = Buffer.from(digest(secret, key, stamp, text))
      return given.length === right.length && timingSafeEqual(given, right)
    })
  }
}

function digest(secret: string, ...parts: readonly string[]): string {
  const hmac = createHmac('sha256', secret)
  for (const part of parts) hmac.update(`${Buffer.byteLength(part)}:`).update(part)
  return hmac.digest('base64url')
}
