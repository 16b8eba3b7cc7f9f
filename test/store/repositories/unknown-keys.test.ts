import { afterAll, describe, expect, it } from 'vitest'
import { type ConfigurationManager, createConfigManager, PromptRepository } from '../../../src/index.js'
import { createTestManager } from '../../../src/testing/index.js'
import { caught } from '../fixture.js'

/** Nothing is asked of a server: arguments are checked before any connection is used. */
const manager = createConfigManager({ database: 'postgresql://nobody@127.0.0.1:1/none', redis: false })
afterAll(() => manager.shutdown())

const ARMS = [{ version: 1, weight: 1 }]

/** A request with one key that it does not have, and the key that is meant. */
const REQUESTS: readonly [key: string, meant: string | undefined, call: (m: ConfigurationManager, extra: object) => unknown][] = [
  ['template_format', 'templateFormat', (m, extra) => m.prompts.create({ name: 'a', template: 'x', ...extra })],
  ['label', 'labels', (m, extra) => m.prompts.createVersion({ name: 'a', template: 'x', ...extra })],
  ['content', 'template', (m, extra) => m.prompts.create({ name: 'a', template: 'x', ...extra })],
  ['lables', 'labels', (m, extra) => m.prompts.ensure([], extra)],
  ['expected_version', 'expectedVersion', (m, extra) => m.prompts.promote({ name: 'a', version: 1, ...extra })],
  ['lable', 'label', (m, extra) => m.prompts.rollback({ name: 'a', ...extra })],
  ['author', 'changedBy', (m, extra) => m.prompts.removeLabel({ name: 'a', label: 'b', ...extra })],
  ['versions', 'version', (m, extra) => m.prompts.deactivate({ name: 'a', ...extra })],
  ['forced', undefined, (m, extra) => m.prompts.activate({ name: 'a', version: 1, ...extra })],
  ['labels', 'label', (m, extra) => m.prompts.find({ name: 'a', ...extra })],
  ['active_only', 'activeOnly', (m, extra) => m.prompts.list(extra)],
  ['versoin', undefined, (m, extra) => m.prompts.history({ name: 'a', ...extra })],
  ['form', 'from', (m, extra) => m.prompts.diff({ name: 'a', from: 1, to: 2, ...extra })],
  ['fallback', 'fallbacks', (m, extra) => m.models.create({ name: 'a', provider: 'p', model: 'm', ...extra })],
  ['parameter', 'parameters', (m, extra) => m.models.createVersion({ name: 'a', provider: 'p', model: 'm', ...extra })],
  ['chunk_size', 'chunkSize', (m, extra) => m.embeddings.create({ name: 'a', embeddingModel: 'e', ...extra })],
  ['Important', 'important', (m, extra) => m.contextRules.create({ context: 'a', ...extra })],
  ['name', undefined, (m, extra) => m.contextRules.find({ context: 'a', ...extra })],
  ['changed_by', 'changedBy', (m, extra) => m.changelog.list(extra)],
  ['percentage', 'coverage', (m, extra) => m.rollouts.start({ kind: 'prompt', name: 'a', arms: ARMS, ...extra })],
  ['percentage', 'coverage', (m, extra) => m.rollouts.ramp('a', { weights: [1], ...extra })],
  ['reason', 'summary', (m, extra) => m.rollouts.pause('a', extra)],
  ['acknowledged', 'acknowledge', (m, extra) => m.rollouts.resume('a', extra)],
  ['winer', 'winner', (m, extra) => m.rollouts.conclude('a', extra)],
  ['state', undefined, (m, extra) => m.rollouts.list(extra)],
  ['lable', 'label', (m, extra) => m.getPrompt('a', extra)],
  ['labels', 'label', (m, extra) => m.getPromptTemplate('a', extra)],
  ['environment', 'label', (m, extra) => m.getModelConfig('a', extra)],
  ['min_revision', 'minRevision', (m, extra) => m.getEmbeddingConfig('a', extra)],
  ['label', undefined, (m, extra) => m.getContextRules('a', extra)],
  ['stage', 'label', (m, extra) => m.peekPrompt('a', extra)],
  ['versoin', 'version', (m, extra) => m.peekModelConfig('a', extra)],
  ['maxStaleness', 'maxStalenessMs', (m, extra) => m.peekEmbeddingConfig('a', extra)],
  ['onprogress', 'onProgress', (m, extra) => m.prune({ before: new Date(), ...extra })],
  ['changed_by', 'changedBy', (m, extra) => m.transaction(async () => {}, extra)],
]

describe('a key that a request does not have', () => {
  it.each(REQUESTS)('is refused with its name, and the one that is meant: %s → %s', async (key, meant, call) => {
    const error = await caught(async () => call(manager, { [key]: 'x' }))

    expect(error).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: key })
    if (meant !== undefined) expect(error.message).toContain(`did you mean ${meant}?`)
    else expect(error.message).toContain('Known are')
  })

  it('is refused by a read that memory could answer, and a read that is refused rejects and never throws', async () => {
    const warm = createTestManager({ prompts: { a: 'x' } })
    await warm.getPrompt('a')

    const answers = [{ lable: 'staging' }, { label: 'production', lable: 'staging' }, null, 'staging', 5].map((query) =>
      warm.getPrompt('a', query as never),
    )

    for (const answer of await Promise.allSettled(answers)) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'E_INVALID_ARGUMENT' } })
    }
    expect(await warm.getPrompt('a', { lable: undefined } as never)).toMatchObject({ template: 'x' })
    await warm.shutdown()
  })

  it('is refused inside a list, with its place', async () => {
    const fallbacks = [{ provider: 'p', model: 'm', params: {} }]

    expect(
      await caught(() => manager.models.create({ name: 'a', provider: 'p', model: 'm', fallbacks: fallbacks as never })),
    ).toMatchObject({
      code: 'E_INVALID_ARGUMENT',
      field: 'fallbacks[0].params',
    })
  })

  it.each([
    [{ databse: 'pglite:memory' }, 'databse', 'database'],
    [{ database: 'pglite:memory', memory: { maxEntris: 1 } }, 'memory.maxEntris', 'maxEntries'],
    [{ database: 'pglite:memory', timeouts: { databaseMS: 1 } }, 'timeouts.databaseMS', 'databaseMs'],
    [{ database: 'pglite:memory', hooks: { beforeCommmit: () => {} } }, 'hooks.beforeCommmit', 'beforeCommit'],
  ])('is refused in the options: %j', (options, field, meant) => {
    expect(() => createConfigManager(options as never)).toThrow(
      expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field, message: expect.stringContaining(`did you mean ${meant}?`) }),
    )
    expect(() => new PromptRepository('postgresql://nobody@127.0.0.1:1/none', { schmea: 'x' } as never)).toThrow(
      expect.objectContaining({ field: 'options.schmea' }),
    )
  })

  it('that is undefined is as if it were not there', async () => {
    const error = await caught(() => manager.prompts.create({ name: '', template: 'x', ...{ label: undefined } }))

    expect(error).toMatchObject({ field: 'name' })
  })
})
