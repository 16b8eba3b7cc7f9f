import express, { type Express } from 'express'

interface Entry {
  readonly name: string
  readonly version: number
  readonly created_at: string
  readonly content: Record<string, unknown>
  labels: string[]
  is_active: boolean
}

/** A labelled kind kept in memory, with the calls of the API that the page makes. */
export function addMemoryKind(app: Express, path: string, kind: string): void {
  const entries: Entry[] = []
  const json = express.json()
  const show = ({ content, ...entry }: Entry) => ({ ...entry, project: 'default', created_by: 'ada', ...content })
  const latest = (name: string) => Math.max(0, ...entries.filter((one) => one.name === name && one.is_active).map(({ version }) => version))
  const give = (name: string, version: number, label: string) => {
    for (const one of entries) if (one.name === name) one.labels = one.labels.filter((carried) => carried !== label)
    entries.find((one) => one.name === name && one.version === version)?.labels.push(label)
  }
  const add = (
    name: string,
    { labels = ['staging'], summary: _, project: __, ...content }: Record<string, unknown> & { labels?: string[] },
  ) => {
    const version = entries.filter((one) => one.name === name).length + 1
    const entry: Entry = { name, version, created_at: new Date().toISOString(), content, labels: [], is_active: true }
    entries.push(entry)
    for (const label of labels) give(name, version, label)
    return show(entry)
  }
  app.get(path, ({ query }, response) => {
    const items = entries
      .filter(({ name }) => name.includes(String(query.search ?? '')))
      .filter(({ is_active }) => query.active_only === 'false' || is_active)
      .filter(({ name, version, labels }) =>
        query.label === undefined ? true : query.label === 'latest' ? version === latest(name) : labels.includes(String(query.label)),
      )
      .sort((one, other) => (one.name === other.name ? other.version - one.version : one.name < other.name ? -1 : 1))
    response.json({ items: items.map(show) })
  })
  app.get(`${path}/:name`, ({ params, query }, response) => {
    const found = entries.find((one) => one.name === params.name && one.version === Number(query.version))
    if (found) response.json(show(found))
    else response.status(404).json({ title: 'Not found', detail: `There is no such ${kind}.` })
  })
  app.post(path, json, ({ body: { name, ...body } }, response) => void response.status(201).json(add(name, body)))
  app.post(`${path}/:name/versions`, json, ({ params, body }, response) => void response.status(201).json(add(params.name!, body)))
  app.post(`${path}/:name/promote`, json, ({ params, body }, response) => {
    give(params.name!, body.version, body.label)
    response.json({ name: params.name, version: body.version })
  })
}
