import type { Json } from '../../entities/json.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import { hashOf } from '../content-hash.js'
import { BUNDLE_FORMAT, type Bundle, type BundleEntity, type BundleRollout, type BundleVersion } from './bundle.js'

/**
 * A bundle out of JSON that comes from outside. Contents are checked when they are written, by their kinds.
 *
 * @throws {InvalidArgumentError} naming the place, when it is no bundle, one of another release, or was changed after its export
 */
export function readBundle(value: unknown): Bundle {
  const { format, project, entities } = objectAt('bundle', value)
  if (format !== BUNDLE_FORMAT)
    throw new InvalidArgumentError('bundle.format', `must be "${BUNDLE_FORMAT}", as agent-config export writes it`)
  const seen = new Set<string>()
  return {
    format: BUNDLE_FORMAT,
    project: textAt('bundle.project', project),
    entities: listAt('bundle.entities', entities).map((entity, place) => {
      const read = readEntity(`bundle.entities[${place}]`, entity)
      const key = JSON.stringify([read.kind, read.name])
      if (seen.has(key)) throw new InvalidArgumentError(`bundle.entities[${place}]`, `is ${read.kind} "${read.name}" a second time`)
      seen.add(key)
      return read
    }),
  }
}

function readEntity(place: string, value: unknown): BundleEntity {
  const entity = objectAt(place, value)
  const versions = listAt(`${place}.versions`, entity.versions).map((version, at) =>
    readVersion(`${place}.versions[${at}]`, version, at + 1),
  )
  const labels = Object.entries(objectAt(`${place}.labels`, entity.labels ?? {}))
  for (const [label, version] of labels) {
    if (versions.some((known) => known.version === version)) continue
    throw new InvalidArgumentError(`${place}.labels.${label}`, 'must be one of the versions of the entity')
  }
  const rollouts = listAt(`${place}.rollouts`, entity.rollouts ?? []).map((rollout, at) => readRollout(`${place}.rollouts[${at}]`, rollout))
  return {
    kind: textAt(`${place}.kind`, entity.kind),
    name: textAt(`${place}.name`, entity.name),
    versions,
    labels: Object.fromEntries(labels) as Record<string, number>,
    ...(rollouts.length > 0 && { rollouts }),
  }
}

function readVersion(place: string, value: unknown, expected: number): BundleVersion {
  const { version, content, isActive = true, hash } = objectAt(place, value)
  if (version !== expected)
    throw new InvalidArgumentError(`${place}.version`, `must be ${expected}: versions stand in order, from 1 on and without gaps`)
  if (typeof isActive !== 'boolean') throw new InvalidArgumentError(`${place}.isActive`, 'must be true or false')
  if (content === undefined) throw new InvalidArgumentError(`${place}.content`, 'must be given')
  if (hash !== undefined && hash !== hashOf(content, 'hex')) {
    throw new InvalidArgumentError(
      `${place}.hash`,
      'is not that of the content: it was changed after the export. Take the hash out if that was meant',
    )
  }
  return { version: expected, content: content as Json, isActive }
}

/** What it holds beside label and status is checked when the rollout is started. */
function readRollout(place: string, value: unknown): BundleRollout {
  const rollout = objectAt(place, value)
  textAt(`${place}.label`, rollout.label)
  if (rollout.status !== 'running' && rollout.status !== 'paused')
    throw new InvalidArgumentError(`${place}.status`, 'must be "running" or "paused"')
  return rollout as unknown as BundleRollout
}

function objectAt(place: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>
  throw new InvalidArgumentError(place, 'must be an object, as agent-config export writes it')
}

function listAt(place: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new InvalidArgumentError(place, 'must be a list, as agent-config export writes it')
}

function textAt(place: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new InvalidArgumentError(place, 'must be a text')
}
