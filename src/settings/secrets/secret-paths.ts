import { holdsSecret, type Shape, shapeAt } from '../schema/shape.js'
import { pathKey, pathOf } from '../tree/path.js'
import { isNamedLikeSecret } from './secret-names.js'

/** Which settings are secrets: by list, by metadata, by name, or because of where a value came from. */
export class SecretPaths {
  readonly #paths = new Set<string>()
  readonly #known = new Map<string, boolean>()
  readonly #shape: Shape | undefined

  constructor(listed: readonly string[], shape: Shape | undefined) {
    this.#shape = shape
    for (const path of listed) this.#paths.add(pathKey(pathOf(path)))
  }

  add(path: readonly string[]): void {
    const key = pathKey(path)
    if (this.#paths.has(key)) return
    this.#paths.add(key)
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

  /** Whether a text that stands at a path may hold a secret that cannot be told from the rest of it. */
  mayHold(path: readonly string[]): boolean {
    const prefix = `${pathKey(path)}.`
    return holdsSecret(shapeAt(this.#shape, path), isNamedLikeSecret) || [...this.#paths].some((known) => known.startsWith(prefix))
  }

  #isMarked(path: readonly string[]): boolean {
    if (this.#paths.has(pathKey(path))) return true
    return shapeAt(this.#shape, path)?.isSecret ?? isNamedLikeSecret(path.at(-1) ?? '', path.at(-2))
  }
}
