import { type Shape, shapeAt } from '../schema/shape.js'
import { pathKey } from '../tree/path.js'
import { isNamedLikeSecret } from './redact.js'

/** Which settings are secrets: by list, by metadata, by name, or because of where a value came from. */
export class SecretPaths {
  readonly #paths = new Set<string>()
  readonly #known = new Map<string, boolean>()
  readonly #shape: Shape | undefined

  constructor(listed: readonly string[], shape: Shape | undefined) {
    this.#shape = shape
    for (const path of listed) this.#paths.add(path.replaceAll('__', '.').toLowerCase())
  }

  add(path: readonly string[]): void {
    this.#paths.add(pathKey(path))
    this.#known.clear()
  }

  /** Whether what stands at a path, or the table around it, is a secret. */
  has(path: readonly string[]): boolean {
    const key = pathKey(path)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const result = path.some((_, index) => this.#isMarked(path.slice(0, index + 1)))
    this.#known.set(key, result)
    return result
  }

  #isMarked(path: readonly string[]): boolean {
    if (this.#paths.has(pathKey(path))) return true
    return shapeAt(this.#shape, path)?.isSecret ?? isNamedLikeSecret(path.at(-1) ?? '')
  }
}
