import { eventually } from './eventually.js'
import { freeClusterPort } from './services/free-port.js'
import { redisProgram } from './services/redis-binary.js'
import { askOneRedis, startRedisProcess, startTogether } from './services/redis-server.js'
import type { Server } from './services/server.js'

/** How large a private cluster is. */
export interface RedisClusterOptions {
  /** Nodes that share the hash slots; a failover needs a majority of them. @default 3 */
  readonly primaries?: number
  /** Replicas of each primary. @default 1 */
  readonly replicas?: number
}

/** A Redis Cluster that belongs to one test file, which may therefore break each of its nodes. */
export interface PrivateRedisCluster {
  /** The nodes by age: first those that were born as primaries. Who is what changes with each failover; ask `primaryOf`. */
  readonly nodes: readonly Server[]
  readonly urls: readonly string[]
  /**
   * The node that serves a key, as those nodes see it that answer: a primary that was just killed, until another has taken over.
   *
   * A hash tag counts: `{tag}:one` and `{tag}:two` have one primary.
   */
  primaryOf(key: string): Promise<Server>
  primaryOfSlot(slot: number): Promise<Server>
  /** The replicas of the node that serves a key. */
  replicasOf(key: string): Promise<readonly Server[]>
  /** Resolves when all nodes are there, agree about each other, serve every slot, and every replica is in sync. */
  whole(): Promise<void>
  /** Ends all nodes and removes their data. */
  stop(): Promise<void>
}

/** After how many milliseconds of silence the others give a node up. */
const NODE_TIMEOUT_MS = 1_000
const SLOTS = 16_384

/**
 * A Redis Cluster of one's own, in about two seconds, for tests that freeze, kill or restart its nodes.
 *
 * A node that was killed and restarted comes back into the cluster, without its data: as a replica if another has taken its slots. Call
 * `stop()` in `afterAll`; a watchdog does it if the test process dies.
 */
export async function startPrivateRedisCluster(options: RedisClusterOptions = {}): Promise<PrivateRedisCluster> {
  const { primaries = 3, replicas = 1 } = options
  const binary = await redisProgram()
  const start = () => startRedisProcess(binary, { port: freeClusterPort, args: NODE_ARGUMENTS })
  const nodes = await startTogether(Array.from({ length: primaries * (1 + replicas) }, start))
  const cluster = clusterOf(nodes)
  try {
    await join(nodes, primaries)
    await cluster.whole()
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

const NODE_ARGUMENTS = [
  ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-node-timeout', `${NODE_TIMEOUT_MS}`],
  // A node says where it is before the others have told it.
  ...['--cluster-announce-ip', '127.0.0.1'],
  // The other slots stay open while one primary is away, and a replica may take over however long it has been cut off.
  ...['--cluster-require-full-coverage', 'no', '--cluster-replica-validity-factor', '0'],
  // A replica has the data at once, instead of after five seconds in which others might come.
  ...['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0'],
]

async function join(nodes: readonly Server[], primaries: number): Promise<void> {
  const ids = await Promise.all(
    nodes.map((node, place) =>
      askOneRedis(node, async (client) => {
        // Different ones, or the nodes settle it among themselves, which takes seconds; taken only by who has met nobody.
        await client.cluster('SET-CONFIG-EPOCH', place + 1)
        if (place < primaries) await client.cluster('ADDSLOTS', ...slotsOf(place, primaries))
        return String(await client.cluster('MYID'))
      }),
    ),
  )
  await Promise.all(
    nodes.map((node, place) =>
      askOneRedis(node, async (client) => {
        for (const { port } of nodes.slice(place + 1)) await client.cluster('MEET', '127.0.0.1', port)
      }),
    ),
  )
  await Promise.all(
    nodes.slice(primaries).map((replica, place) =>
      // Refused until the nodes have been introduced.
      eventually(() => askOneRedis(replica, (client) => client.cluster('REPLICATE', ids[place % primaries]!)), { everyMs: 50 }),
    ),
  )
}

function slotsOf(place: number, primaries: number): number[] {
  const first = Math.floor((SLOTS * place) / primaries)
  const end = Math.floor((SLOTS * (place + 1)) / primaries)
  return Array.from({ length: end - first }, (_, offset) => first + offset)
}

function clusterOf(nodes: readonly Server[]): PrivateRedisCluster {
  const serverOf = ({ port }: Line) => nodes.find((node) => node.port === port)!

  async function ownerOf(slot: number): Promise<{ readonly owner: Line; readonly view: readonly Line[] }> {
    const views = (await Promise.allSettled(nodes.map(viewOf))).flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const claims = views.flatMap((view) => view.filter((line) => holds(line, slot)).map((owner) => ({ owner, view })))
    // Who has not heard of a failover yet names the owner of an earlier epoch.
    const [latest] = claims.sort((left, right) => right.owner.epoch - left.owner.epoch)
    if (!latest) throw new Error(`No node that answers knows who serves the hash slot ${slot}.`)
    return latest
  }

  async function slotOf(key: string): Promise<number> {
    return Promise.any(nodes.map((node) => askOneRedis(node, async (client) => Number(await client.cluster('KEYSLOT', key)))))
  }

  return {
    nodes,
    urls: nodes.map(({ url }) => url),
    primaryOf: async (key) => serverOf((await ownerOf(await slotOf(key))).owner),
    primaryOfSlot: async (slot) => serverOf((await ownerOf(slot)).owner),
    async replicasOf(key) {
      const { owner, view } = await ownerOf(await slotOf(key))
      return view.filter(({ primary }) => primary === owner.id).map(serverOf)
    },
    whole: () => eventually(() => checkWhole(nodes), { timeoutMs: 30_000, everyMs: 50 }),
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  }
}

/** Throws what is still missing. */
async function checkWhole(nodes: readonly Server[]): Promise<void> {
  const states = await Promise.all(
    nodes.map((node) =>
      askOneRedis(node, async (client) => ({
        cluster: String(await client.cluster('INFO')),
        replication: await client.info('replication'),
        view: parseNodes(String(await client.cluster('NODES'))),
      })),
    ),
  )
  const agreed = summaryOf(states[0]!.view)
  for (const [place, { cluster, replication, view }] of states.entries()) {
    const complaint = (what: string) => new Error(`Node ${place + 1} of ${nodes.length} ${what}:\n${cluster}\n${summaryOf(view)}`)
    if (!/^cluster_state:ok/m.test(cluster)) throw complaint('does not serve')
    if (!new RegExp(`^cluster_slots_ok:${SLOTS}\r?$`, 'm').test(cluster)) throw complaint('misses slots')
    if (view.length !== nodes.length || view.some(({ flags }) => /fail|handshake|noaddr/.test(flags))) throw complaint('misses others')
    if (summaryOf(view) !== agreed) throw complaint('sees it differently')
    if (/^role:slave/m.test(replication) && !/^master_link_status:up/m.test(replication)) throw complaint('is not in sync')
  }
}

/** One node as another one sees it. */
interface Line {
  readonly id: string
  readonly port: number
  readonly flags: string
  /** The id of the node it replicates; `-` for a primary. */
  readonly primary: string
  readonly epoch: number
  /** First and last slot of each range it serves. */
  readonly ranges: readonly (readonly [number, number])[]
}

async function viewOf(node: Server): Promise<readonly Line[]> {
  return parseNodes(await askOneRedis(node, async (client) => String(await client.cluster('NODES'))))
}

/** @see https://redis.io/docs/latest/commands/cluster-nodes/ */
function parseNodes(text: string): readonly Line[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [id = '', address = '', flags = '', primary = '', , , epoch, , ...slots] = line.trim().split(' ')
      const ranges = slots
        // In brackets stand slots on the way to another node.
        .filter((slot) => !slot.startsWith('['))
        .map((slot) => slot.split('-').map(Number))
        .map(([first = 0, last = first]) => [first, last] as const)
      return { id, port: Number(/:(\d+)@/.exec(address)?.[1]), flags, primary, epoch: Number(epoch), ranges }
    })
}

function holds({ ranges }: Line, slot: number): boolean {
  return ranges.some(([first, last]) => first <= slot && slot <= last)
}

/** What all nodes have to agree about. */
function summaryOf(view: readonly Line[]): string {
  const lines = view.map(({ port, flags, primary, ranges }) => `${port} ${flags.replace('myself,', '')} ${primary} ${ranges.join(' ')}`)
  return lines.sort().join('\n')
}
