import * as v from 'valibot'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { defineKind } from '../../src/index.js'
import { EDITOR, type OpenHandler, openHandler, VIEWER } from './open-handler.js'

const TOOL = defineKind({ kind: 'tool', schema: v.object({ description: v.string() }) })

let api: OpenHandler

beforeAll(async () => {
  api = await openHandler({ maxBodyBytes: 20_000 }, { kinds: [TOOL] })
  await api.manager.prompts.create({ name: 'triage', template: 'one', labels: ['production'] })
  await api.manager.of(TOOL).create({ name: 'search', content: { description: 'finds' }, labels: ['production'] })
})
afterAll(() => api.close())

it('GET /export gives a file that POST /import writes into another project, once', async () => {
  const exported = await api.ask('GET', '/export', undefined, VIEWER)
  const dry = await api.ask('POST', '/import?project=copy&dry_run=true', exported.body)
  const imported = await api.ask('POST', '/import?project=copy&summary=Moved', exported.body)
  const again = await api.ask('POST', '/import?project=copy', exported.body)

  expect(exported.headers.get('content-disposition')).toBe('attachment; filename="default.bundle.json"')
  expect(exported.body).toMatchObject({
    format: 'agent-config bundle 1',
    project: 'default',
    entities: [{ name: 'triage' }, { name: 'search' }],
  })
  expect(dry).toMatchObject({ status: 200, body: { project: 'copy', dry_run: true, unchanged: 0 } })
  expect(imported.body).toMatchObject({
    versions: [{ name: 'triage' }, { name: 'search' }],
    labels: [{ label: 'production' }, { label: 'production' }],
  })
  expect(again.body).toMatchObject({ versions: [], labels: [], unchanged: 2 })
  const [change] = await api.manager.prompts.history({ name: 'triage', project: 'copy' })
  expect(change).toMatchObject({ changedBy: 'ada', changeSummary: 'Moved' })
})

it('POST /import is for admins, refuses what differs with 409, what is no bundle with 400, and what is too large with 413', async () => {
  const { body } = await api.ask('GET', '/export')
  await api.manager.prompts.create({ name: 'triage', template: 'else', project: 'other' })
  const large = { ...body, entities: [{ ...body.entities[0], name: 'x'.repeat(20_000) }] }

  const replies = [
    await api.ask('POST', '/import?project=copy', body, EDITOR),
    await api.ask('POST', '/import?project=other', body),
    await api.ask('POST', '/import', { ...body, format: 'else' }),
    await api.ask('POST', '/import', large),
  ]

  expect(replies.map(({ status }) => status)).toEqual([403, 409, 400, 413])
  expect(replies[1]?.body.detail).toContain('Version 1 of prompt "triage"')
})
