import { Validator } from '@seriousme/openapi-schema-validator'
import { createConfigManager, defineKind } from 'agent-config'
import { LLMRegistry } from 'agent-config/llm'
import { FakeLLMClient } from 'agent-config/testing'
import * as v from 'valibot'
import { beforeAll, describe, expect, it } from 'vitest'
import { createApi } from '../../src/http/api/endpoints.js'
import { resourcesOf } from '../../src/http/resources.js'
import { KindRegistry } from '../../src/kinds/registry.js'
import { ADMIN, openHandler } from './open-handler.js'

type Operation = { readonly operationId: string; readonly parameters?: { name: string; in: string; required: boolean; schema: object }[] }
let document: { paths: Record<string, Record<string, Operation>> }

function isTaken(plural: string): boolean {
  try {
    new KindRegistry([defineKind({ kind: 'mine', plural, schema: v.unknown() })])
    return false
  } catch (error) {
    return (error as { field?: string }).field === 'plural'
  }
}

beforeAll(async () => {
  const { handler, close } = await openHandler({ llm: new LLMRegistry([new FakeLLMClient([])]) })
  document = (await (await handler(new Request('http://host/config/api/openapi.json', { headers: ADMIN }))).json()) as typeof document
  await close()
})

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate(structuredClone(document))

    expect(result.errors).toBeUndefined()
    expect(result.valid).toBe(true)
  })

  it('has no path that a kind of the host could take', () => {
    const words = new Set(Object.keys(document.paths).map((path) => path.split('/')[1] as string))
    const free = [...words].filter((plural) => /^[a-z]/.test(plural) && !isTaken(plural))

    expect(words).toContain('rollouts')
    expect(free).toEqual([])
    expect(isTaken('notes')).toBe(false)
  })

  it('is found wrong by the validator when it is', async () => {
    const broken = { ...document, paths: { '/x': { get: { parameters: [{ name: 'a' }] } } } }

    expect((await new Validator().validate(broken)).valid).toBe(false)
  })

  it('refers only to what it holds', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path!.split('/'))

    expect(references.length).toBeGreaterThan(20)
    for (const path of references)
      expect(path.reduce<unknown>((part, key) => (part as Record<string, unknown>)?.[key], document)).toBeDefined()
  })

  it('holds every call of the API, each under an id of its own', () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))

    const { endpoints } = createApi(
      resourcesOf(createConfigManager({ database: 'pglite:memory' })),
      new LLMRegistry([new FakeLLMClient([])]),
    )
    // The document itself, and the events.
    expect(operations).toHaveLength(endpoints.length + 2)
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
  })

  it('gives queries as what they mean, not as text', () => {
    const list = document.paths['/prompts']!.get!
    const diff = document.paths['/prompts/{name}/diff']!.get!

    expect(list.parameters).toContainEqual({
      name: 'limit',
      in: 'query',
      required: false,
      description: 'Most entries of this page; 50 when it is left out.',
      schema: { type: 'integer', minimum: 1, maximum: 1000 },
    })
    expect(list.parameters).toContainEqual({ name: 'active_only', in: 'query', required: false, schema: { type: 'boolean' } })
    expect(diff.parameters).toContainEqual({
      name: 'from',
      in: 'query',
      required: true,
      schema: { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
    })
  })
})
