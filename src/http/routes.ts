/** The methods of one path. */
export interface Found<Target> {
  /** Targets by method. */
  readonly methods: ReadonlyMap<string, Target>
  /** The path's parameters, decoded; undefined when they cannot be decoded. */
  readonly params: Readonly<Record<string, string>> | undefined
}

interface Pattern<Target> {
  readonly segments: readonly string[]
  readonly methods: Map<string, Target>
}

/** Paths whose targets are kept: clients read the same few names over and over. */
const MOST_KEPT = 1_000
const LONGEST_KEPT = 200

/** Finds the target of a path. Patterns are written `/prompts/:name`; fixed segments go before parameters. */
export class Routes<Target> {
  readonly #kept = new Map<string, Found<Target>>()
  /** Keyed by the number of segments and the first segment. */
  readonly #patterns = new Map<string, Pattern<Target>[]>()

  add(method: string, path: string, target: Target): void {
    const segments = path.split('/').slice(1)
    const key = keyOf(segments)
    const patterns = this.#patterns.get(key) ?? []
    this.#patterns.set(key, patterns)
    let pattern = patterns.find((known) => known.segments.join('/') === segments.join('/'))
    if (!pattern) {
      pattern = { segments, methods: new Map() }
      patterns.push(pattern)
      patterns.sort((one, other) => parametersIn(one) - parametersIn(other))
    }
    pattern.methods.set(method, target)
  }

  /** @param path still encoded, so that a name may hold a slash; one slash at the end makes no difference */
  find(path: string): Found<Target> | undefined {
    const known = this.#kept.get(path)
    if (known) return known
    const found = this.#look(path)
    if (found && path.length <= LONGEST_KEPT) {
      // Bounded, since clients choose the paths.
      if (this.#kept.size >= MOST_KEPT) this.#kept.clear()
      this.#kept.set(path, found)
    }
    return found
  }

  #look(path: string): Found<Target> | undefined {
    const segments = (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path).split('/').slice(1)
    for (const pattern of this.#patterns.get(keyOf(segments)) ?? []) {
      if (!pattern.segments.every((part, place) => part.startsWith(':') || part === segments[place])) continue
      return { methods: pattern.methods, params: Object.freeze(paramsOf(pattern.segments, segments)) }
    }
    return undefined
  }
}

function keyOf(segments: readonly string[]): string {
  return `${segments.length}/${segments[0]}`
}

function parametersIn({ segments }: Pattern<unknown>): number {
  return segments.filter((segment) => segment.startsWith(':')).length
}

function paramsOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {}
  try {
    for (const [place, part] of pattern.entries()) {
      if (part.startsWith(':')) params[part.slice(1)] = decodeURIComponent(segments[place] as string)
    }
    return params
  } catch {
    return undefined
  }
}
