import { defineKind } from 'agent-config'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHandler, openHandler } from './open-handler.js'

const tools = defineKind({
  kind: 'tool_definition',
  plural: 'tools',
  noun: 'tool',
  schema: v.object({ description: v.string(), timeoutSeconds: v.optional(v.number(), 30) }),
  defaultLabel: 'live',
})

let open: OpenHandler

beforeAll(async () => {
  open = await openHandler({}, { kinds: [tools] })
})

afterAll(() => open.close())

describe('flags', () => {
  it('are written, read, rolled out and taken back as prompts are', async () => {
    const made = await open.ask('POST', '/flags', { name: 'checkout', value: false, labels: ['production'] })
    await open.ask('POST', '/flags/checkout/versions', { value: true, description: 'on' })
    const arms = [{ version: 2, weight: 1 }]
    await open.ask('POST', '/rollouts', { kind: 'flag', name: 'checkout', arms, coverage: 0, forced: { 'user-7': 2 } })

    expect(made).toMatchObject({ status: 201, body: { value: false, version: 1, description: null } })
    expect((await open.ask('GET', '/flags/checkout')).body).toMatchObject({ version: 1, value: false })
    expect((await open.ask('GET', '/flags/checkout?subject=user-7')).body).toMatchObject({ value: true, selection: { reason: 'forced' } })
    expect((await open.ask('GET', '/flags/checkout?subject=user-8')).body).toMatchObject({ value: false, selection: { reason: 'label' } })
    expect((await open.ask('GET', '/flags?name=checkout')).body.items).toMatchObject([{ value: true }, { value: false }])
    expect((await open.ask('GET', '/flags/checkout/diff?from=1&to=2')).body.fields).toContainEqual({
      field: 'value',
      from: false,
      to: true,
    })
    expect((await open.ask('GET', '/changelog?kind=flag')).body.items).toHaveLength(3)
    expect((await open.ask('DELETE', '/flags/checkout')).status).toBe(409)
  })

  it('keep their type', async () => {
    await open.ask('POST', '/flags', { name: 'typed', value: 7 })

    expect(await open.ask('POST', '/flags/typed/versions', { value: 'seven' })).toMatchObject({
      status: 400,
      body: { field: 'value', errors: [{ pointer: '/value' }] },
    })
    expect((await open.ask('POST', '/flags', { name: 'none', value: null })).status).toBe(400)
    expect((await open.ask('POST', '/flags', { name: 'none' })).body.errors).toEqual([{ pointer: '/value', detail: 'is required' }])
  })
})

describe("a host's kind", () => {
  it('has every call by its declaration alone, where the manager tells its kinds', async () => {
    const ask: OpenHandler['ask'] = (...call) => open.ask(...call)
    const made = await ask('POST', '/tools', { name: 'search', content: { description: 'finds' }, labels: ['live'] })
    const second = await ask('POST', '/tools/search/versions', { content: { description: 'finds more', timeoutSeconds: 5 } })
    const promoted = await ask('POST', '/tools/search/promote', { version: 2 })
    const refused = await ask('POST', '/tools', { name: 'bad', content: { description: 7 } })
    const { body: document } = await ask('GET', '/openapi.json')

    expect(made).toMatchObject({ status: 201, body: { kind: 'tool_definition', content: { description: 'finds', timeoutSeconds: 30 } } })
    expect(second.body).toMatchObject({ version: 2, labels: ['staging'] })
    expect(promoted.body).toMatchObject({ version: 2, labels: ['live', 'staging'] })
    expect(await ask('GET', '/tools/search')).toMatchObject({ body: { version: 2, content: { timeoutSeconds: 5 } } })
    expect(await ask('GET', '/tools')).toMatchObject({ body: { items: [{ version: 2 }, { version: 1 }] } })
    expect(refused).toMatchObject({ status: 400, body: { field: 'content.description' } })
    expect(await ask('DELETE', '/tools/search?force=true')).toMatchObject({ status: 200, body: { deactivated: 2 } })
    expect(await ask('POST', '/tools/search/activate')).toMatchObject({ status: 200 })
    expect(await ask('GET', '/tools/search')).toMatchObject({ status: 200, body: { version: 2 } })
    expect((await ask('GET', '/kinds')).body.items).toContainEqual({
      kind: 'tool_definition',
      plural: 'tools',
      noun: 'tool',
      default_label: 'live',
      schema: expect.objectContaining({ type: 'object', required: ['description'] }),
    })
    expect(document).toMatchObject({ paths: { '/tools/{name}': {} }, components: { schemas: { ToolDefinition: {} } } })
  })
})
