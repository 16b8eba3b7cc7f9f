import { describe, expect, it } from 'vitest'
import { BaseAgent } from '../../src/agent/base-agent.js'
import type { RunContext } from '../../src/agent/run-context.js'
import type { EmbeddingConfig } from '../../src/entities/embedding-config.js'
import { defineLLMClient, type EmbedRequest, type LLMClient } from '../../src/llm/index.js'
import { eventsOf, managerOf } from './chat-agent.js'

class Embedder extends BaseAgent<readonly string[], readonly (readonly number[])[]> {
  readonly name = 'embedder'
  protected override async run(values: readonly string[], context: RunContext) {
    return (await this.embed(values, context, { headers: { 'x-tenant': 't' } })).embeddings
  }
}

function anAgent(
  vectors: (request: EmbedRequest) => unknown,
  parameters: EmbeddingConfig['parameters'] = {},
  stored: { readonly dimensions?: number | null } = {},
) {
  const asked: { request: EmbedRequest; options: unknown }[] = []
  const client: LLMClient = {
    ...defineLLMClient({ provider: 'fake', chat: async () => ({ text: '' }) }),
    embed: async (request, options) => {
      asked.push({ request, options })
      return {
        embeddings: vectors(request) as number[][],
        usage: { inputTokens: 3 },
        timings: { totalMs: 1 },
        model: request.model,
        provider: 'fake',
      }
    },
  }
  const manager = Object.assign(managerOf('one'), {
    getEmbeddingConfig: async () => ({ embeddingModel: 'fake:nomic:v1.5', parameters, ...stored }) as unknown as EmbeddingConfig,
  })
  return { agent: new Embedder({ llm: client, manager }), asked }
}

describe('embed', () => {
  it('asks the model of the stored configuration, with its dimensions, batches and options', async () => {
    const { agent, asked } = anAgent(({ values }) => values.map(() => [1, 2]), { dimensions: 2, batch_size: 10, truncate: true })
    const events = eventsOf(agent)

    expect(await agent.execute(['a', 'b'])).toEqual([
      [1, 2],
      [1, 2],
    ])

    expect(asked).toMatchObject([
      {
        request: { model: 'nomic:v1.5', values: ['a', 'b'], dimensions: 2, batchSize: 10, providerOptions: { truncate: true } },
        options: { headers: { 'x-tenant': 't' } },
      },
    ])
    expect(events).toMatchObject([{ usage: { inputTokens: 3 }, attempts: [{ model: 'nomic:v1.5', ok: true }] }])
  })

  it.each<{ stored: { dimensions?: number | null }; parameters: EmbeddingConfig['parameters']; dimensions: number | undefined }>([
    { stored: { dimensions: 3 }, parameters: {}, dimensions: 3 },
    { stored: { dimensions: 3 }, parameters: { dimensions: 2 }, dimensions: 3 },
    { stored: { dimensions: null }, parameters: { dimensions: 2 }, dimensions: 2 },
    { stored: {}, parameters: {}, dimensions: undefined },
  ])('takes the length of vectors from the configuration itself before its parameters: %j', async ({ stored, parameters, dimensions }) => {
    const { agent, asked } = anAgent(({ values, dimensions = 4 }) => values.map(() => Array(dimensions).fill(1)), parameters, stored)

    const vectors = await agent.execute(['a'])

    expect(asked[0]?.request.dimensions).toBe(dimensions)
    expect(vectors[0]).toHaveLength(dimensions ?? 4)
  })

  it.each<[string, unknown, EmbeddingConfig['parameters']]>([
    ['too few vectors', [[1]], {}],
    ['too many', [[1], [1], [1]], {}],
    ['an empty vector', [[], [1]], {}],
    ['vectors of two lengths', [[1], [1, 2]], {}],
    ['vectors of another length than was asked for', [[1], [1]], { dimensions: 3 }],
    [
      'what is no number',
      [
        [1, null],
        [1, 2],
      ],
      {},
    ],
    [
      'what is not finite',
      [
        [1, Number.NaN],
        [1, 2],
      ],
      {},
    ],
  ])('refuses %s', async (_name, vectors, parameters) => {
    await expect(anAgent(() => vectors, parameters).agent.execute(['a', 'b'])).rejects.toMatchObject({ reason: 'invalid_output' })
  })

  it('says what is missing: a configuration, or a client that can', async () => {
    const client = defineLLMClient({ provider: 'fake', chat: async () => ({ text: '' }) })
    const manager = Object.assign(managerOf('one'), {
      getEmbeddingConfig: async () => ({ embeddingModel: 'm', parameters: {} }) as unknown as EmbeddingConfig,
    })

    await expect(new Embedder({ llm: client, manager }).execute(['a'])).rejects.toMatchObject({ reason: 'unsupported' })
    await expect(new Embedder({ llm: client, manager: managerOf('one') }).execute(['a'])).rejects.toMatchObject({ code: 'E_NOT_FOUND' })
  })
})
