import { createTestDatabase } from '../../support/test-database.js'
import { type BenchRow, significant } from '../support/row.js'
import { createPrompts, promptsOf } from './create-prompts.js'
import { type Server, startExampleHost, TOKEN } from './servers.js'

const PROMPTS = 300
const TEMPLATE_BYTES = 20_000
const HEADERS = { authorization: `Bearer ${TOKEN}`, 'accept-encoding': 'identity' }

/** The bytes of a list, which says what a prompt is about, beside the same list with every text in it, as version 0.1 answered. */
export async function measureList(redis: string): Promise<BenchRow> {
  const database = await createTestDatabase()
  const host = await startExampleHost(1, database.url, redis)
  try {
    await createPrompts(host, PROMPTS, TEMPLATE_BYTES)
    const ours = await bytesOf(host, { label: 'latest', limit: String(PROMPTS) })
    const beside = await bytesOf(host, { label: 'latest', limit: String(PROMPTS), include: 'content' })
    return {
      measure: `list of ${PROMPTS} prompts of ${TEMPLATE_BYTES / 1_000} kB, bytes without compression`,
      ours: `${significant(ours / 1_000)} kB`,
      beside: `with their texts: ${significant(beside / 1_000)} kB`,
      ratio: ours / beside,
      reach: 0.05,
      atMost: true,
    }
  } finally {
    await host.stop()
    await database.drop()
  }
}

async function bytesOf(host: Server, query: Record<string, string>): Promise<number> {
  const response = await fetch(`${promptsOf(host)}?${new URLSearchParams(query)}`, { headers: HEADERS })
  const body = await response.arrayBuffer()
  const { items } = JSON.parse(new TextDecoder().decode(body)) as { items: readonly unknown[] }
  if (items.length !== PROMPTS) throw new Error(`${items.length} prompts were listed.`)
  return body.byteLength
}
