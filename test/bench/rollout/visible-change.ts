import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { ConfigurationManager } from '../../../src/index.js'
import { installPeers } from '../support/peers.js'
import { type BenchRow, significant } from '../support/row.js'
import { median } from '../support/take-turns.js'

const CHANGES = 60

/**
 * From the call that changes a prompt until another reader that holds it in memory gets the new version, beside the SDK most people use
 * with its default settings. That one asks its server again after a time to live: its clock is put forward second by second, so that the
 * figure is the one its code gives, and nobody has to wait for it.
 */
export async function visibleRow(writer: ConfigurationManager, reader: ConfigurationManager, name: string): Promise<BenchRow> {
  const ours = await ourMs(writer, reader, name)
  const theirs = (await theirSeconds()) * 1_000
  return {
    measure: 'change visible to a caller elsewhere, from the call of `promote` (two managers, Redis)',
    ours: `${significant(ours)} ms`,
    beside: `@langfuse/client, default settings: ${significant(theirs / 1_000)} s of its clock`,
    ratio: theirs / ours,
    reach: 1,
  }
}

async function ourMs(writer: ConfigurationManager, reader: ConfigurationManager, name: string): Promise<number> {
  const times: number[] = []
  for (let change = 0; change < CHANGES; change++) {
    const version = (change % 2) + 1
    await writer.prompts.promote({ name, version: 3 - version })
    await seen(reader, name, 3 - version)
    const start = performance.now()
    const writing = writer.prompts.promote({ name, version })
    await seen(reader, name, version)
    times.push(performance.now() - start)
    await writing
  }
  return median(times)
}

async function seen(reader: ConfigurationManager, name: string, version: number): Promise<void> {
  while ((await reader.getPrompt(name))?.version !== version) await setImmediate()
}

interface Langfuse {
  readonly prompt: { get(name: string): Promise<{ readonly version: number }> }
}

/** Seconds of its own clock until the SDK gives the version that its server has had from the start. */
async function theirSeconds(): Promise<number> {
  let version = 1
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ name: 'bench', version, type: 'text', prompt: 'text', config: {}, labels: ['production'], tags: [] }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const load = createRequire(join(installPeers('rollout'), 'package.json'))
  const { LangfuseClient } = load('@langfuse/client') as { LangfuseClient: new (options: object) => Langfuse }
  const { port } = server.address() as AddressInfo
  const client = new LangfuseClient({ publicKey: 'bench', secretKey: 'bench', baseUrl: `http://127.0.0.1:${port}` })
  const realNow = Date.now
  let seconds = 0
  Date.now = () => realNow() + seconds * 1_000
  try {
    await client.prompt.get('bench')
    version = 2
    while ((await client.prompt.get('bench')).version !== 2) {
      seconds++
      // Time for what it asks behind the caller's back.
      await sleep(5)
    }
  } finally {
    Date.now = realNow
    server.closeAllConnections()
    server.close()
  }
  return seconds
}
