import { randomBytes } from 'node:crypto'

/** The address of the run's shared Redis. Keys and channels are kept apart by {@link uniqueNamespace}; nobody flushes it. */
export function testRedisUrl(): string {
  const url = process.env.AGENT_CONFIG_TEST_REDIS_URL
  if (!url)
    throw new Error(
      'AGENT_CONFIG_TEST_REDIS_URL is not set: run this by vitest with test/vitest.config.ts, or by test/support/with-services.ts.',
    )
  return url
}

/** A `namespace` nobody else uses, for the keys and the channel of one test. */
export function uniqueNamespace(): string {
  return `test-${randomBytes(8).toString('hex')}`
}
