import type { Entry, Shape } from '../schema/shape.js'
import { display } from '../secrets/redact.js'
import { redactedCopy } from '../secrets/redacted-copy.js'
import { SecretPaths } from '../secrets/secret-paths.js'
import type { Setup } from '../setup.js'
import type { Snapshot } from '../snapshot.js'
import { pathOf, valueAt } from '../tree/path.js'
import { leafPaths } from './explain.js'
import { typeName } from './inspect.js'

/** What is known about one setting, without its value. */
export interface DescribedSetting {
  readonly path: string
  /** `string`, `integer`, `one of "a", "b"`, … */
  readonly type: string
  readonly isRequired: boolean
  /** The default as it is printed; `undefined` when there is none, `***` for a secret. */
  readonly fallback: string | undefined
  /** The variable that sets it. */
  readonly variable: string
  readonly constraints: readonly string[]
  readonly description: string | undefined
  readonly isSecret: boolean
  readonly isFresh: boolean
}

/** One row for each setting that the schema names; without a readable schema, for each that a source sets. */
export function describe(setup: Setup, snapshot?: Snapshot): readonly DescribedSetting[] {
  const secrets = snapshot?.secrets ?? new SecretPaths(setup.options.secrets ?? [], setup.shape)
  const fresh = snapshot?.freshKeys ?? new Set((setup.options.fresh ?? []).map((key) => pathOf(key)[0]?.toLowerCase() ?? ''))
  const common = (path: readonly string[]) => ({
    path: path.join('.'),
    variable: setup.names.nameOf(path),
    isSecret: secrets.has(path),
    isFresh: fresh.has(path[0]?.toLowerCase() ?? ''),
  })
  if (setup.shape?.entries) {
    return leafEntries(setup.shape, []).map(({ path, shape }) => ({
      ...common(path),
      type: shape.type,
      isRequired: shape.isRequired,
      fallback: shape.fallback === undefined ? undefined : fallbackText(shape.fallback, path, secrets),
      constraints: shape.constraints.map(({ text }) => text),
      description: shape.description,
    }))
  }
  const paths = snapshot ? leafPaths(snapshot.values).filter((path) => path.length > 0) : []
  return paths.map((path) => ({
    ...common(path),
    type: typeName(valueAt(snapshot?.values, path)),
    isRequired: false,
    fallback: undefined,
    constraints: [],
    description: undefined,
  }))
}

function fallbackText(value: unknown, path: readonly string[], secrets: SecretPaths): string {
  const isSecret = secrets.has(path)
  if (typeof value !== 'object' || value === null || isSecret || value instanceof Date) return display(value, isSecret)
  return JSON.stringify(redactedCopy(value, path, secrets))
}

interface LeafEntry {
  readonly path: readonly string[]
  readonly shape: Shape
}

function leafEntries(shape: Shape, path: readonly string[]): LeafEntry[] {
  // A schema that contains itself is described this far.
  if (path.length > 20) return []
  return [...(shape.entries?.values() ?? [])].flatMap(({ name, shape: entry }: Entry) => {
    const here = [...path, name]
    return entry.entries ? leafEntries(entry, here) : [{ path: here, shape: entry }]
  })
}
