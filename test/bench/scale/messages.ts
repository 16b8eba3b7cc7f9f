import { setTimeout as sleep } from 'node:timers/promises'
import type { ConfigurationManager } from '../../../src/index.js'
import { nameOf } from './fill.js'
import { countProcessorTime } from './processor-time.js'
import type { Servers } from './servers.js'
import type { Watch } from './watch.js'

const WRITES = 40
const PUBLISHED = 400
const IDLE_MS = 5_000
const SETTLE_MS = 2_000

/** What one write sends through Redis. */
export interface WriteCost {
  /** Bytes Redis sent for a write, after what an idle fleet receives in the same time. */
  readonly bytes: number
  /** Documents that workers fetched from Redis for it. */
  readonly documents: number
  readonly redisMs: number
}

/** What it costs Redis to hand one message to one subscriber. */
export interface DeliveryCost {
  readonly messageBytes: number
  readonly deliveredBytes: number
  readonly redisMicros: number
}

/** Moves a label to and fro; the fleet either holds that prompt in memory or does not. */
export async function measureWrites(servers: Servers, watch: Watch, writer: ConfigurationManager, number: number): Promise<WriteCost> {
  const name = nameOf(number)
  await writer.prompts.createVersion({ name, template: 'Another one for {customer}.', labels: [] })
  await sleep(SETTLE_MS)
  const idle = await during(servers, watch, () => sleep(IDLE_MS))
  const busy = await during(servers, watch, async () => {
    for (let write = 0; write < WRITES; write++) {
      await writer.prompts.promote({ name, version: 2 - (write % 2) })
      await sleep(IDLE_MS / WRITES)
    }
    await sleep(SETTLE_MS)
  })
  const share = busy.ms / idle.ms
  return {
    bytes: (busy.bytes - idle.bytes * share) / WRITES,
    documents: (busy.mgets - idle.mgets * share) / WRITES,
    redisMs: (busy.redisMs - idle.redisMs * share) / WRITES,
  }
}

/** Publishes messages of another database, which workers read and ignore: what is left is the delivery. */
export async function measureDelivery(servers: Servers, watch: Watch, channel: string, subscribers: number): Promise<DeliveryCost> {
  const token = 'c56a4180-65aa-42ec-a945-5fd21dec0538'
  const scopes = ['prompt:default:prompt-12345']
  const message = JSON.stringify({ type: 'prompt', key: scopes[0], revision: 123_456, token, scopes, database: `${token}-elsewhere` })
  const cost = await during(servers, watch, async () => {
    for (let sent = 0; sent < PUBLISHED; sent++) await watch.publish(channel, message)
  })
  return {
    messageBytes: message.length,
    deliveredBytes: cost.bytes / PUBLISHED / subscribers,
    redisMicros: (cost.redisMs * 1_000) / PUBLISHED / subscribers,
  }
}

async function during({ redis }: Servers, watch: Watch, work: () => Promise<unknown>) {
  const start = performance.now()
  const redisTime = countProcessorTime(redis.pid)
  const [bytes, commands] = [await watch.sentBytes(), await watch.commands()]
  await work()
  const [bytesAfter, commandsAfter] = [await watch.sentBytes(), await watch.commands()]
  const mgets = (commandsAfter.get('mget')?.calls ?? 0) - (commands.get('mget')?.calls ?? 0)
  return { ms: performance.now() - start, bytes: bytesAfter - bytes, mgets, redisMs: redisTime() }
}
