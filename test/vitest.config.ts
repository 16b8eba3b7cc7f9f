import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { SummaryReporter } from './support/summary-reporter.js'

export default defineConfig({
  // Examples name the package's doors, as their readers do.
  resolve: { tsconfigPaths: true },
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/services/global-setup.ts'],
    reporters: ['default', new SummaryReporter()],
    // A process for each file: fault tests end servers, and one file's singletons are nobody else's.
    pool: 'forks',
    isolate: true,
    // More would only wait for each other: most files talk to servers on the same cores.
    maxWorkers: Math.min(4, Math.max(2, availableParallelism())),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
})
