import { eventually } from './eventually.js'
import type { Program } from './services/program.js'
import { redisProgram } from './services/redis-binary.js'
import { askOneRedis, startRedisProcess, startTogether } from './services/redis-server.js'
import type { Server } from './services/server.js'

/** How large a private group is. */
export interface RedisSentinelOptions {
  /** @default 1 */
  readonly replicas?: number
  /** Two of them have to agree that a node is gone. @default 3 */
  readonly sentinels?: number
}

/** A Redis with replicas and sentinels that belongs to one test file, which may therefore break each of them. */
export interface PrivateRedisSentinel {
  /** What the sentinels call this group. */
  readonly name: string
  readonly sentinels: readonly (Server & { readonly host: string })[]
  /** The nodes by age: the first was born as the primary. Who is what changes with each failover; ask `primary`. */
  readonly nodes: readonly Server[]
  /** The node that most sentinels which answer call the primary: one that was just killed, until another has taken over. */
  primary(): Promise<Server>
  /** Resolves when everybody is there, the sentinels agree, and every replica is in sync. */
  whole(): Promise<void>
  /** Ends everything and removes the data. */
  stop(): Promise<void>
}

const NAME = 'agent-config'
const QUORUM = 2
/**
 * After how many milliseconds of silence the first sentinel takes a node for dead, and how much later each other does.
 *
 * Sentinels that notice together stand for election together; votes are split then, and the next election is seconds away.
 */
const DOWN_AFTER_MS = 600
const DOWN_AFTER_STEP_MS = 200

/**
 * A Redis of one's own that sentinels watch, in about a second, for tests that freeze, kill or restart its parts.
 *
 * A node that was killed and restarted comes back without its data: as a replica if another has become the primary. Call `stop()` in
 * `afterAll`; a watchdog does it if the test process dies.
 */
export async function startPrivateRedisSentinel(options: RedisSentinelOptions = {}): Promise<PrivateRedisSentinel> {
  const { replicas = 1, sentinels: count = 3 } = options
  const binary = await redisProgram()
  const started: Server[] = []
  try {
    const primary = await startRedisProcess(binary, { config: NODE_LINES })
    started.push(primary)
    const replica = { config: [...NODE_LINES, `replicaof 127.0.0.1 ${primary.port}`] }
    started.push(...(await startTogether(Array.from({ length: replicas }, () => startRedisProcess(binary, replica)))))
    const nodes = [...started]
    // A sentinel looks for replicas when it first meets the primary and then every ten seconds: they have to be there before.
    await eventually(() => Promise.all(nodes.map(checkSynced)), { everyMs: 50 })
    const sentinels = await startTogether(Array.from({ length: count }, (_, place) => startSentinel(binary, primary, place)))
    started.push(...sentinels)
    const group = groupOf(nodes, sentinels)
    await group.whole()
    return group
  } catch (error) {
    await Promise.all(started.map((server) => server.stop()))
    throw error
  }
}

// In a file, where a sentinel's CONFIG REWRITE keeps whom a node follows.
const NODE_LINES = ['repl-diskless-sync yes', 'repl-diskless-sync-delay 0']

async function startSentinel(binary: Program, primary: Server, place: number): Promise<Server> {
  const sentinel = await startRedisProcess(binary, {
    config: [
      `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS + place * DOWN_AFTER_STEP_MS}`,
      `sentinel failover-timeout ${NAME} 2000`,
      `sentinel parallel-syncs ${NAME} 2`,
    ],
    args: ['--sentinel'],
  })
  // Redis 7 can be told to look around more often, so that sentinels meet, and nodes rejoin, in one second instead of ten; and to work
  // again soon after it was frozen. Older ones take their time.
  const periods = ['info-period', 200, 'publish-period', 200, 'ping-period', 200, 'tilt-period', 1_000]
  await askOneRedis(sentinel, (client) => client.call('SENTINEL', 'DEBUG', ...periods)).catch(() => {})
  return sentinel
}

function groupOf(nodes: readonly Server[], sentinels: readonly Server[]): PrivateRedisSentinel {
  return {
    name: NAME,
    sentinels: sentinels.map((sentinel) => Object.assign(sentinel, { host: '127.0.0.1' })),
    nodes,
    async primary() {
      const votes = new Map<number, number>()
      for (const answer of await Promise.allSettled(sentinels.map(primaryPort)))
        if (answer.status === 'fulfilled') votes.set(answer.value, (votes.get(answer.value) ?? 0) + 1)
      const [elected] = [...votes].sort(([, left], [, right]) => right - left)
      if (!elected) throw new Error('No sentinel answers.')
      return nodes.find(({ port }) => port === elected[0])!
    },
    whole: () =>
      eventually(
        async () => {
          await Promise.all(nodes.map(checkSynced))
          await checkAgreement(nodes, sentinels)
        },
        { timeoutMs: 30_000, everyMs: 50 },
      ),
    stop: async () => void (await Promise.all([...nodes, ...sentinels].map((server) => server.stop()))),
  }
}

async function primaryPort(sentinel: Server): Promise<number> {
  const address = await askOneRedis(sentinel, (client) => client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME))
  return Number((address as string[])[1])
}

/** A replica has everything from its primary. */
async function checkSynced(node: Server): Promise<void> {
  const replication = await askOneRedis(node, (client) => client.info('replication'))
  if (/^role:slave/m.test(replication) && !/^master_link_status:up/m.test(replication))
    throw new Error(`The replica at ${node.url} is not in sync:\n${replication}`)
}

/** All sentinels know each other and the same nodes, and think well of them; the nodes are what the sentinels say. */
async function checkAgreement(nodes: readonly Server[], sentinels: readonly Server[]): Promise<void> {
  const reports = await Promise.all(sentinels.map((sentinel) => askOneRedis(sentinel, (client) => client.info('sentinel'))))
  const lines = new Set(reports.map((report) => /^master0:.*$/m.exec(report)?.[0].trim() ?? report))
  const [line = ''] = lines
  const expected = `status=ok,address=127\\.0\\.0\\.1:(\\d+),slaves=${nodes.length - 1},sentinels=${sentinels.length}$`
  const port = new RegExp(expected).exec(line)?.[1]
  if (lines.size > 1 || port === undefined) throw new Error(`The sentinels do not agree yet:\n${[...lines].join('\n')}`)
  for (const sentinel of sentinels) {
    const replicas = await askOneRedis(sentinel, (client) => client.call('SENTINEL', 'REPLICAS', NAME))
    const text = JSON.stringify(replicas)
    if (/[sod]_down|disconnected/.test(text)) throw new Error(`The sentinel at ${sentinel.url} misses a replica: ${text}`)
  }
  for (const node of nodes) {
    const replication = await askOneRedis(node, (client) => client.info('replication'))
    const isRight = node.port === Number(port) ? /^role:master/m.test(replication) : replication.includes(`master_port:${port}`)
    if (!isRight) throw new Error(`The node at ${node.url} is not what the sentinels say:\n${replication}`)
  }
}
