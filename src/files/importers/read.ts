import type { JsonObject } from '../../entities/json.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import type { Imported, ImportedEntity, ImportLoss } from './imported.js'

export type Given = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is Given {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The items of an export: a list, `{ data: [] }` as an API answers with, or one alone. */
export function itemsOf(field: string, json: unknown): readonly Given[] {
  const list = Array.isArray(json) ? json : isObject(json) && Array.isArray(json.data) ? json.data : [json]
  return list.map((item, place) => {
    if (isObject(item)) return item
    throw new InvalidArgumentError(`${field}[${place}]`, 'must be an object')
  })
}

export function textOf(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidArgumentError(field, 'must be a text')
}

/** An object that has something in it. */
export function filled(value: unknown): JsonObject | undefined {
  return isObject(value) && Object.keys(value).length > 0 ? (value as JsonObject) : undefined
}

/** The labels that can be set here: others are written anew, or told. */
export function labelsOf(where: string, labels: unknown, lose: (loss: ImportLoss) => void): readonly string[] {
  const taken = new Set<string>()
  for (const label of Array.isArray(labels) ? labels : []) {
    if (label === 'latest') continue
    const ours = String(label)
      .toLowerCase()
      .replaceAll(/[^a-z0-9_.-]+/g, '-')
      .slice(0, 36)
    if (ours !== label)
      lose({ where: `${where}: labels`, what: `label "${label}"`, why: `a label is lower case and short: it is "${ours}" here` })
    taken.add(ours)
  }
  return [...taken]
}

export function inOrder(entities: readonly ImportedEntity[], losses: readonly ImportLoss[]): Imported {
  const byName = (one: ImportedEntity, other: ImportedEntity) =>
    one.name === other.name ? (one.version ?? 0) - (other.version ?? 0) : one.name < other.name ? -1 : 1
  return { entities: [...entities].sort(byName), losses }
}
