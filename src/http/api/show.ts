import type * as v from 'valibot'
import { type Answer, taggedAnswer } from '../answer.js'
import { entityAnswer } from '../answers.js'
import type { Services } from '../endpoint.js'
import { wireNameOf } from '../fields.js'
import { notFound } from '../problem.js'
import type { ReadQuery } from '../read-query.js'
import type { Entity, Resource } from '../resources.js'
import { toWire } from '../wire.js'

/** How versions of a kind go over the wire. */
export interface Shown {
  /** The schema of one version. */
  readonly answer: v.GenericSchema
  /** The schema of one version in a list, where long fields may be left out. */
  readonly listed: v.GenericSchema
  show(entity: object): Record<string, unknown>
  /** Without the fields that may be long. */
  showBriefly(entity: object): Record<string, unknown>
  /** The JSON of an answer of the cache, written once. */
  showOnce(entity: Entity): Answer
}

export function shownAs(resource: Resource): Shown {
  const { fields } = resource
  const renamed = fields.filter((field) => field.wire !== undefined)
  const long = fields.filter((field) => field.isBody).map(wireNameOf)
  // Answers of the cache are frozen and shared by all readers.
  const written = new WeakMap<object, Answer>()
  const show = (entity: object) => {
    const wire = toWire(entity)
    for (const { name, wire: shown } of renamed) {
      wire[shown as string] = wire[name]
      delete wire[name]
    }
    return wire
  }
  return {
    answer: entityAnswer(resource, 'alone'),
    listed: entityAnswer(resource, 'in a list'),
    show,
    showBriefly: (entity) => {
      const wire = show(entity)
      for (const name of long) delete wire[name]
      return wire
    },
    showOnce: (entity) => {
      const known = written.get(entity)
      if (known) return known
      const value = show(entity)
      // The tag does not depend on the tier that answered: the client has the same version under the same labels.
      const { source: _source, stale: _stale, ...identity } = value
      const answer = taggedAnswer(value, identity)
      written.set(entity, answer)
      return answer
    },
  }
}

/** The cached read of one name. */
export async function readOne(resource: Resource, shown: Shown, { manager }: Services, name: string, query: ReadQuery): Promise<Answer> {
  const found = await resource.read(manager, name, query)
  if (!found) throw notFound(`No active version of the ${resource.noun} "${name}" answers to that query.`)
  return shown.showOnce(found)
}
