import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { LLMRegistry } from 'agent-config/llm'
import { FakeLLMClient } from 'agent-config/testing'
import openApiTypes, { astToString } from 'openapi-typescript'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN, type OpenHandler, openHandler } from './open-handler.js'

type Operation = {
  readonly tags?: readonly string[]
  readonly security?: readonly object[]
  readonly requestBody?: { content: { 'application/json': { schema: object; example?: object } } }
  readonly responses: Record<string, unknown>
}

let open: OpenHandler
let document: { paths: Record<string, Record<string, Operation>>; security: readonly object[] }

beforeAll(async () => {
  open = await openHandler({ llm: new LLMRegistry([new FakeLLMClient([])]) })
  document = (await open.ask('GET', '/openapi.json')).body
})

afterAll(() => open.close())

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation, title: `${method} ${path}` })),
  )

describe('the OpenAPI document', () => {
  it("passes redocly's recommended rules without an error or a warning", async () => {
    const config = await createConfig({ extends: ['recommended'] })

    const problems = await lintFromString({ source: JSON.stringify(document), config })

    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual([])
  })

  it('would be found wrong by them', async () => {
    const config = await createConfig({ extends: ['recommended'] })
    const broken = { ...document, paths: { '/x': { get: { responses: {} } } } }

    expect((await lintFromString({ source: JSON.stringify(broken), config })).length).toBeGreaterThan(0)
  })

  it('says of every call who may make it, what it is about, and what can go wrong', () => {
    expect(document.security).toEqual([{ token: [] }, { session: [] }])
    for (const { path, method, operation, title } of operations()) {
      const { responses, requestBody } = operation
      expect(operation.tags, title).toHaveLength(1)
      expect(responses, title).toHaveProperty('500')
      if (!/z$/.test(path)) expect(responses, title).toMatchObject({ 401: {}, 403: {} })
      else expect(operation.security, title).toEqual([])
      if (requestBody) expect(responses, title).toMatchObject({ 400: {}, 413: {}, 415: {} })
      if (requestBody) expect(requestBody.content['application/json'], title).toHaveProperty('example')
      if (method !== 'get' && !/check|preview/.test(path)) expect(responses, title).toHaveProperty('412')
    }
    expect(document.paths['/playground/run']!.post!.responses).toHaveProperty('429')
  })

  it('shows examples that its own requests take', async () => {
    await open.ask('POST', '/prompts', { name: 'greeting', template: 'Hello {name}', labels: ['production', 'experiment'] })
    for (const kind of ['prompts', 'models', 'embeddings', 'context-rules'])
      await open.ask('POST', `/${kind}`, { name: 'filler', template: 'x', provider: 'p', model_name: 'm', embedding_model: 'e' })

    await open.ask('POST', '/prompts/greeting/versions', { template: 'Hi {name}' })
    for (const { path, method, operation, title } of operations()) {
      const example = operation.requestBody?.content['application/json'].example
      if (!example) continue
      const reply = await open.ask(method.toUpperCase(), path.replace('{name}', 'greeting').replace('{id}', 'none'), example)
      expect(JSON.stringify(reply.body.errors ?? []), title).toBe('[]')
      expect(reply.status, title).not.toBe(400)
    }
  })
})

describe('a client made from the document', () => {
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(fileURLToPath(new URL('../..', import.meta.url)), 'node_modules', '.openapi-client-'))
    writeFileSync(join(folder, 'api.d.ts'), astToString(await openApiTypes(document as never)))
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  const compile = (source: string): readonly string[] => {
    const file = join(folder, 'client.ts')
    writeFileSync(file, source)
    const program = ts.createProgram([file], {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: [],
    })
    return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
  }

  it('is strictly typed', () => {
    const source = `
      import createClient from 'openapi-fetch'
      import type { paths } from './api.js'
      const client = createClient<paths>({ baseUrl: 'http://host/config/api' })
      export async function use(): Promise<string | undefined> {
        const { data, error } = await client.GET('/prompts/{name}', { params: { path: { name: 'greeting' }, query: { version: 1 } } })
        if (error) return error.detail
        const version: number = data.version
        const labels: string[] = data.labels
        await client.POST('/prompts/{name}/promote', { params: { path: { name: 'greeting' } }, body: { version, expected_version: 1 } })
        const { data: page } = await client.GET('/prompts', { params: { query: { name: 'greeting', include: 'content' } } })
        const next: string | undefined = page?.cursor
        await client.DELETE('/models/{name}', { params: { path: { name: 'default' }, query: { force: true } } })
        // @ts-expect-error a version is a number
        await client.POST('/prompts/{name}/promote', { params: { path: { name: 'greeting' } }, body: { version: '1' } })
        // @ts-expect-error a name is needed
        await client.POST('/models', { body: { provider: 'p', model_name: 'm' } })
        // @ts-expect-error nobody knows this field
        const wrong = data.versoin
        return labels[0] ?? next
      }`

    expect(compile(source)).toEqual([])
  })

  it('would not compile with a mistake', () => {
    const source = `import type { paths } from './api.js'\nexport const x: paths['/nothing'] = {}`

    expect(compile(source)).toHaveLength(1)
  })

  it('works', async () => {
    const { default: createClient } = await import('openapi-fetch')
    const client = createClient<Record<string, never>>({
      baseUrl: 'http://host/config/api',
      headers: ADMIN,
      fetch: (request: Request) => open.handler(request),
    }) as unknown as { GET(path: string, init: object): Promise<{ data?: object; error?: object }> }

    const found = await client.GET('/prompts/{name}', { params: { path: { name: 'greeting' }, query: { version: 1 } } })
    const missing = await client.GET('/prompts/{name}', { params: { path: { name: 'nobody' } } })

    expect(found.data).toMatchObject({ name: 'greeting', template: 'Hello {name}' })
    expect(missing.error).toMatchObject({ code: 'E_NOT_FOUND' })
  })
})
