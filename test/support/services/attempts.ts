/** One way to get a service; its name is what `TEST_SERVICES_SKIP` lists. */
export interface Attempt<T> {
  readonly name: 'given' | 'docker' | 'machine' | 'embedded' | 'download'
  readonly description: string
  /** The service; rejects with {@link Unavailable} when this way is closed, and with anything else when it broke. */
  readonly run: () => Promise<T>
}

/** This way to get a service is not there; the message is the reason. */
export class Unavailable extends Error {}

/**
 * The first way that works, in order.
 *
 * `TEST_SERVICES_SKIP=docker,machine` passes over the ways named, to try the later ones on a machine that has the earlier.
 *
 * @throws {Error} that lists every attempt with its reason when none works: a missing service fails the run
 */
export async function firstThatWorks<T>(service: string, attempts: readonly Attempt<T>[]): Promise<T> {
  const skipped = new Set((process.env.TEST_SERVICES_SKIP ?? '').split(',').map((name) => name.trim()))
  const reasons: string[] = []
  for (const attempt of attempts) {
    if (skipped.has(attempt.name)) {
      reasons.push(`  - ${attempt.description}: skipped by TEST_SERVICES_SKIP`)
      continue
    }
    try {
      return await attempt.run()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      reasons.push(`  - ${attempt.description}: ${reason.trim().replaceAll('\n', '\n    ')}`)
      // A server that somebody named on purpose is not replaced by another one behind their back.
      if (attempt.name === 'given' && !(error instanceof Unavailable)) break
    }
  }
  throw new Error(`No ${service} for the tests. Tried, in this order:\n${reasons.join('\n')}`)
}
