import * as answers from '../answers.js'
import { type Endpoint, endpoint } from '../endpoint.js'
import type { Resource } from '../resources.js'
import { fromWire } from '../wire.js'
import { reading } from './acts.js'
import { historyPage } from './history.js'
import { listPage } from './list-page.js'
import { DiffQuery, HistoryQuery, ListQuery, ReadQuery } from './queries.js'
import { readOne, type Shown } from './show.js'

/** The reads that every labelled kind has. */
export function labelledReads(resource: Resource, shown: Shown, change: ReturnType<typeof answers.configChange>): readonly Endpoint[] {
  const { plural, noun, kind } = resource
  const one = `/${plural}/:name`
  return [
    endpoint({
      method: 'GET',
      path: `/${plural}`,
      tag: plural,
      summary: `Versions of ${noun}s, by name and then newest first; long fields on request`,
      access: 'read',
      query: ListQuery,
      answer: answers.pageOf(shown.listed),
      action: ({ query }, services) => reading(services, kind, query.project),
      handle: ({ query: { include, ...asked } }, { manager }) => {
        return listPage(resource, manager, fromWire(asked), include === undefined ? shown.showBriefly : shown.show)
      },
    }),
    endpoint({
      method: 'GET',
      path: one,
      tag: plural,
      summary: `The version of a ${noun} that carries a label, from the cache`,
      access: 'read',
      query: ReadQuery,
      answer: shown.answer,
      problems: [404],
      action: ({ params, query }, services) => reading(services, kind, query.project, params.name),
      handle: ({ params, query }, services) => readOne(resource, shown, services, params.name!, fromWire(query)),
    }),
    endpoint({
      method: 'GET',
      path: `${one}/history`,
      tag: plural,
      summary: `Changes of a ${noun}, newest first`,
      access: 'read',
      query: HistoryQuery,
      answer: answers.pageOf(change),
      problems: [404],
      action: ({ params, query }, services) => reading(services, kind, query.project, params.name),
      handle: ({ params, query }, services) => historyPage(services, { kind, noun, name: params.name! }, fromWire(query)),
    }),
    endpoint({
      method: 'GET',
      path: `${one}/diff`,
      tag: plural,
      summary: `Two versions of a ${noun} side by side`,
      access: 'read',
      query: DiffQuery,
      answer: answers.Diff,
      problems: [404],
      action: ({ params, query }, services) => reading(services, kind, query.project, params.name),
      handle: ({ params, query }, { manager }) => resource.repository(manager).diff({ ...fromWire(query), name: params.name! }),
    }),
  ]
}
