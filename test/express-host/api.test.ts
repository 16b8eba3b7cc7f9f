import { defineLLMClient, LLMError } from 'agent-config/llm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Host, startHost } from './start-host.js'

let host: Host

beforeAll(async () => {
  host = await startHost()
})

afterAll(() => host.close())

describe('prompts', () => {
  it('are created in version 1 with the label staging, and read by label or version', async () => {
    const created = await host.call('POST', '/prompts', { name: 'greeting', template: 'Hello {name}', description: 'Says hello' })

    expect(created.status).toBe(201)
    expect(created.body).toMatchObject({ name: 'greeting', version: 1, labels: ['staging'], variables: ['name'], created_by: 'ada' })
    expect(await host.call('GET', '/prompts/greeting')).toMatchObject({ status: 404, body: { code: 'E_NOT_FOUND' } })
    expect((await host.call('GET', '/prompts/greeting?label=staging')).body).toMatchObject({ version: 1, template_format: 'f-string' })
    expect((await host.call('GET', '/prompts/greeting?version=1')).body).toMatchObject({ selection: { reason: 'version' } })
  })

  it('say which call makes a new version when they exist', async () => {
    await host.call('POST', '/prompts', { name: 'twice', template: 'One' })

    const again = await host.call('POST', '/prompts', { name: 'twice', template: 'Two' })
    const second = await host.call('POST', '/prompts/twice/versions', { name: 'twice', template: 'Two' })

    expect(again).toMatchObject({ status: 409, body: { code: 'E_ALREADY_EXISTS', field: 'name' } })
    expect(again.body.detail).toContain('POST /config/api/prompts/twice/versions')
    expect(second).toMatchObject({ status: 201, body: { version: 2 } })
  })

  it('are promoted, compared, rolled back and taken out of use', async () => {
    await host.call('POST', '/prompts', { name: 'cycle', template: 'One\nsame', labels: ['production'] })
    await host.call('POST', '/prompts/cycle/versions', { template: 'Two\nsame' })

    const promoted = await host.call('POST', '/prompts/cycle/promote', { version: 2, expected_version: 1, summary: 'better' })
    const diff = await host.call('GET', '/prompts/cycle/diff?from=1&to=2')
    const history = await host.call('GET', '/prompts/cycle/history')
    const carried = await host.call('DELETE', '/prompts/cycle?version=2')
    const back = await host.call('POST', '/prompts/cycle/rollback', {})
    const refused = await host.call('DELETE', '/prompts/cycle')
    const gone = await host.call('DELETE', '/prompts/cycle?force=true')

    expect(promoted.body).toMatchObject({ version: 2, labels: ['production', 'staging'] })
    expect(diff.body.lines).toEqual([
      { type: 'removed', text: 'One' },
      { type: 'added', text: 'Two' },
      { type: 'same', text: 'same' },
    ])
    expect(history.body.items[0]).toMatchObject({
      change_type: 'promote',
      change_summary: expect.stringContaining('better'),
      changed_by: 'ada',
    })
    expect(carried).toMatchObject({ status: 409, body: { code: 'E_IN_USE' } })
    expect(back.body).toMatchObject({ version: 1 })
    expect(refused).toMatchObject({ status: 409, body: { code: 'E_IN_USE' } })
    expect(gone.body).toEqual({ deactivated: 2 })
    expect(await host.call('DELETE', '/prompts/cycle')).toMatchObject({ status: 404 })
  })

  it('are not promoted over a version nobody expected', async () => {
    await host.call('POST', '/prompts', { name: 'race', template: 'One', labels: ['production'] })
    await host.call('POST', '/prompts/race/versions', { template: 'Two' })

    const lost = await host.call('POST', '/prompts/race/promote', { version: 2, expected_version: 7 })

    expect(lost).toMatchObject({ status: 409, body: { code: 'E_VERSION_CONFLICT', expected: 7, actual: 1 } })
    expect(await host.call('POST', '/prompts/race/promote', { version: 9 })).toMatchObject({ status: 404 })
  })

  it('are listed in pages, searched, and filtered by label', async () => {
    for (const name of ['list-a', 'list-b', 'list-c'])
      await host.call('POST', '/prompts', { name, template: name, labels: [name.slice(5)] })

    const first = await host.call('GET', '/prompts?search=LIST-&limit=2')
    const rest = await host.call('GET', `/prompts?search=list-&limit=2&cursor=${first.body.cursor}`)
    const labelled = await host.call('GET', '/prompts?label=b')

    expect(first.body.items.map((prompt: { name: string }) => prompt.name)).toEqual(['list-a', 'list-b'])
    expect(rest.body).toMatchObject({ items: [{ name: 'list-c' }] })
    expect(rest.body.cursor).toBeUndefined()
    expect(labelled.body.items).toMatchObject([{ name: 'list-b' }])
  })

  it('are not sent again to a client that has them, until they change', async () => {
    const address = `${host.origin}/api/config/prompts/tagged`
    await host.call('POST', '/prompts', { name: 'tagged', template: 'One', labels: ['production'] })
    const etag = (await fetch(address)).headers.get('etag')!

    // Without the second header fetch says that it wants no cached answer.
    const headers = { 'if-none-match': etag, 'cache-control': 'max-age=0' }
    const same = await fetch(address, { headers })
    await host.call('POST', '/prompts/tagged/versions', { template: 'Two', labels: ['production'] })
    const changed = await fetch(address, { headers })

    expect([same.status, changed.status]).toEqual([304, 200])
    expect(await changed.json()).toMatchObject({ template: 'Two' })
  })

  it('come in projects', async () => {
    await host.call('POST', '/prompts', { name: 'apart', template: 'There', project: 'other', labels: ['production'] })

    expect((await host.call('GET', '/prompts/apart?project=other')).status).toBe(200)
    expect((await host.call('GET', '/prompts/apart')).status).toBe(404)
    expect((await host.call('POST', '/prompts/apart/promote?project=other', { version: 1, label: 'canary' })).body.labels).toContain(
      'canary',
    )
  })

  it('keep names with slashes, percent signs and quotes', async () => {
    const name = 'a/b %2f "c"'
    await host.call('POST', '/prompts', { name, template: 'x', labels: ['production'] })

    expect((await host.call('GET', `/prompts/${encodeURIComponent(name)}`)).body.name).toBe(name)
  })

  it('are refused with the place where the template does not parse', async () => {
    const refused = await host.call('POST', '/prompts', { name: 'broken', template: 'Fine\nnot {fine' })
    const checked = await host.call('POST', '/templates/check', { template: 'Fine\nnot {fine' })

    expect(refused).toMatchObject({ status: 422, body: { code: 'E_TEMPLATE_SYNTAX', field: 'template', line: 2, column: 5 } })
    expect(checked).toMatchObject({ status: 422, body: { line: 2, column: 5 } })
    expect(
      (await host.call('POST', '/templates/check', { template: '{{a.b}} {c}', template_format: 'mustache' })).body.variables,
    ).toHaveLength(1)
  })
})

describe('the other kinds', () => {
  it('models have the same verbs', async () => {
    const draft = { name: 'default', provider: 'ollama', model_name: 'qwen3:14b', parameters: { num_ctx: 8192 }, labels: ['production'] }
    await host.call('POST', '/models', draft)
    await host.call('POST', '/models/default/versions', { provider: 'ollama', model_name: 'llama3:8b' })
    await host.call('POST', '/models/default/promote', { version: 2 })

    expect((await host.call('GET', '/models/default')).body).toMatchObject({ model_name: 'llama3:8b', parameters: { num_ctx: 8192 } })
    expect((await host.call('GET', '/models/default/diff?from=1&to=2')).body.fields).toMatchObject([{ field: 'model', to: 'llama3:8b' }])
    expect((await host.call('POST', '/models/default/rollback', {})).body.version).toBe(1)
    expect((await host.call('GET', '/models')).body.items).toHaveLength(2)
    expect((await host.call('DELETE', '/models/default?force=true')).body).toEqual({ deactivated: 2 })
  })

  it('embeddings have the same verbs, and are read by latest', async () => {
    await host.call('POST', '/embeddings', { name: 'default', embedding_model: 'nomic-embed-text' })
    await host.call('POST', '/embeddings/default/versions', { embedding_model: 'nomic-embed-text', chunk_size: 256, chunk_overlap: 0 })

    expect((await host.call('GET', '/embeddings/default')).body).toMatchObject({ version: 2, chunk_size: 256 })
    expect((await host.call('GET', '/embeddings/default/history')).body.items).toHaveLength(2)
    const refused = await host.call('POST', '/embeddings', { name: 'bad', embedding_model: 'x', chunk_size: 10, chunk_overlap: 10 })
    expect(refused).toMatchObject({ status: 400, body: { field: 'chunk_overlap' } })
  })

  it('context rules have versions and no labels', async () => {
    await host.call('POST', '/context-rules', { name: 'payments', important: 'status' })
    await host.call('POST', '/context-rules/payments/versions', { ignore: 'heartbeats' })

    expect((await host.call('GET', '/context-rules/payments')).body).toMatchObject({
      version: 2,
      important: 'status',
      ignore: 'heartbeats',
    })
    expect((await host.call('GET', '/context-rules/payments?version=1')).body).toMatchObject({ version: 1, ignore: null })
    expect(await host.call('POST', '/context-rules', { name: 'payments' })).toMatchObject({ status: 409 })
    expect((await host.call('DELETE', '/context-rules/payments?version=2')).body).toEqual({ deactivated: 1 })
    expect((await host.call('GET', '/context-rules/payments')).body.version).toBe(1)
    expect((await host.call('GET', '/context-rules')).body.items).toHaveLength(1)
    expect((await host.call('GET', '/context-rules/payments/history')).body.items).toHaveLength(3)
  })
})

describe('rollouts', () => {
  it('start, ramp, pause, resume and conclude', async () => {
    await host.call('POST', '/prompts', { name: 'split', template: 'One', labels: ['production'] })
    await host.call('POST', '/prompts/split/versions', { template: 'Two' })
    const arms = [
      { version: 1, weight: 50 },
      { version: 2, weight: 50 },
    ]

    const started = await host.call('POST', '/rollouts', { kind: 'prompt', name: 'split', arms, coverage: 10, forced: { 'user-7': 2 } })
    const { id } = started.body
    const forced = await host.call('GET', '/prompts/split?subject=user-7')
    const second = await host.call('POST', '/rollouts', { kind: 'prompt', name: 'split', arms })
    const promotion = await host.call('POST', '/prompts/split/promote', { version: 2 })
    const ramped = await host.call('POST', `/rollouts/${id}/ramp`, { coverage: 25.5, weights: [0, 100] })
    const paused = await host.call('POST', `/rollouts/${id}/pause`, {})
    const resumed = await host.call('POST', `/rollouts/${id}/resume`)
    const concluded = await host.call('POST', `/rollouts/${id}/conclude`, { winner: 2 })

    expect(started).toMatchObject({ status: 201, body: { coverage: 10, status: 'running', created_by: 'ada' } })
    expect(forced.body.selection).toMatchObject({ reason: 'forced', version: 2, rollout_id: id })
    expect(second).toMatchObject({ status: 409 })
    expect(promotion).toMatchObject({ status: 409, body: { code: 'E_IN_USE' } })
    expect(ramped.body).toMatchObject({ coverage: 25.5, arms: [{ weight: 0 }, { weight: 100 }] })
    expect(paused.body.status).toBe('paused')
    expect(resumed.body.status).toBe('running')
    expect(concluded.body).toMatchObject({ status: 'concluded', winner: 2 })
    expect((await host.call('GET', '/prompts/split')).body.version).toBe(2)
    expect((await host.call('GET', '/rollouts?status=concluded')).body.items).toMatchObject([{ id }])
    expect((await host.call('GET', `/rollouts/${id}`)).body.status).toBe('concluded')
    expect(await host.call('GET', '/rollouts/nobody')).toMatchObject({ status: 404 })
  })

  it('can follow a schedule', async () => {
    await host.call('POST', '/models', { name: 'later', provider: 'ollama', model_name: 'a', labels: ['production'] })
    const schedule = [{ at: '2099-01-01T00:00:00.000Z', coverage: 50 }]

    const started = await host.call('POST', '/rollouts', { kind: 'model', name: 'later', arms: [{ version: 1, weight: 1 }], schedule })

    expect(started.body).toMatchObject({ schedule, coverage: 0 })
  })
})

describe('the rest', () => {
  it('the changelog comes in pages, filtered', async () => {
    for (const template of ['One', 'Two', 'Three']) await host.call('POST', '/prompts/logged/versions', { template, create: true })

    const page = await host.call('GET', '/changelog?kind=prompt&name=logged&limit=2')
    const rest = await host.call('GET', `/changelog?kind=prompt&name=logged&limit=2&cursor=${page.body.cursor}`)

    expect(page.body.items.map((change: { new_version: number }) => change.new_version)).toEqual([3, 2])
    expect(rest.body).toMatchObject({ items: [{ new_version: 1, change_type: 'create', changed_by: 'ada' }] })
    expect((await host.call('GET', '/changelog?changed_by=nobody')).body.items).toEqual([])
  })

  it('the cache is refreshed, and says how it does', async () => {
    expect((await host.call('POST', '/cache/refresh', { config_type: 'prompt' })).body).toEqual({ status: 'refreshed', type: 'prompt' })
    expect((await host.call('POST', '/cache/refresh')).body).toEqual({ status: 'refreshed', type: 'all' })
    expect((await host.call('GET', '/cache/stats')).body).toMatchObject({
      connected: false,
      used_memory: null,
      lag: 0,
      redis: { state: 'off' },
    })
  })

  it('liveness and readiness are told below the API and at the root', async () => {
    expect((await host.call('GET', '/healthz')).body).toEqual({ status: 'ok' })
    expect((await host.call('GET', '/readyz')).body).toMatchObject({ ok: true, database: 'up' })
    expect(await (await fetch(`${host.origin}/healthz`)).json()).toEqual({ status: 'ok' })
    expect((await fetch(`${host.origin}/readyz`)).status).toBe(200)
  })

  it('the agent answers, and says which versions did', async () => {
    await host.call('POST', '/models', { name: 'default', provider: 'scripted', model_name: 'rules', labels: ['production'] })
    const template = 'Allowed query keys: {allowed_query_keys}\nAllowed domains: {allowed_domains}'
    await host.call('POST', '/prompts', { name: 'parameter_extraction', template, labels: ['production'] })

    const { body } = await host.call('POST', '/agents/parameters', { text: 'Failed payments by merchant since Monday', subject: 'user-7' })

    expect(body.parameters).toEqual({ time_frame: 'since Monday', domain: 'payments', query_keys: ['merchant'] })
    expect(body.prompt).toMatchObject({ name: 'parameter_extraction', version: 1, label: 'production' })
    expect(body.model).toMatchObject({ provider: 'scripted', model: 'rules' })
  })

  it.each(['{', '[]', '{}', '{"text":""}', '{"text":"x","subject":null}', '{"text":"x","nobody":1}'])(
    'a question that is none is refused: %s',
    async (body) => {
      const answer = await host.call('POST', '/agents/parameters', body)

      expect(answer).toMatchObject({ status: 400, body: { code: 'E_INVALID_ARGUMENT' } })
      expect(host.reported).toEqual([])
    },
  )

  it('a model that does not answer is a problem of its own', async () => {
    const failing = defineLLMClient({
      provider: 'failing',
      maxRetries: 0,
      chat: () => Promise.reject(new LLMError('Down.', { reason: 'server' })),
    })
    const other = await startHost({ llm: [failing] })
    await other.call('POST', '/models', { name: 'default', provider: 'failing', model_name: 'm', labels: ['production'] })

    const answer = await other.call('POST', '/agents/parameters', { text: 'x' })

    expect(answer).toMatchObject({ status: 502, body: { code: 'E_LLM', reason: 'server' } })
    await other.close()
  })

  it('changes are sent as events, as soon as they are made', async () => {
    const response = await fetch(`${host.origin}/api/config/events`)
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const until = async (wanted: string) => {
      while (!text.includes(wanted)) text += (await reader.read()).value
    }

    await until('event: ready')
    await host.call('POST', '/prompts', { name: 'eventful', template: 'x' })
    await until('"eventful"')
    await reader.cancel()

    expect(response.headers.get('content-type')).toContain('text/event-stream')
    expect(text).toMatch(/event: change\ndata: \{.*"kind":"prompt".*"name":"eventful"/)
  })
})
