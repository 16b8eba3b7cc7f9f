import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './support/longest-first.js'
import { SummaryReporter } from './support/summary-reporter.js'

/** Rooms whose files change nothing for each other: many files share one process and the modules it has loaded. */
const SHARING = [
  'agent',
  'ai-sdk',
  'file-format',
  'files',
  'http',
  'kinds',
  'llm',
  'model',
  'openfeature',
  'rollout',
  'rollouts',
  'settings',
  'shared',
  'store',
  'template',
  'types',
]
/** Files of these rooms that have a process of their own all the same: they replace modules, or measure memory. */
const APART = ['copies', 'long-answers', 'missing-peer', 'pattern', 'patterns', 'watch-without-events']

const sharing = SHARING.map((room) => `test/${room}/**/!(${APART.join('|')}).test.ts`)

export default defineConfig({
  // Examples name the package's doors, as their readers do.
  resolve: { tsconfigPaths: true },
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    globalSetup: ['test/support/services/global-setup.ts'],
    reporters: ['default', new SummaryReporter()],
    pool: 'forks',
    // One more than there are cores: most files wait for servers half of their time.
    maxWorkers: Math.min(5, availableParallelism() + 1),
    // What ends a run that hangs. A machine that others use needs minutes for what takes seconds.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 20_000,
    expect: { poll: { timeout: 30_000 } },
    sequence: { sequencer: LongestFirst },
    projects: [
      // A process for each file: fault tests end servers, and the singletons of one file are not those of another.
      { extends: true, test: { name: 'apart', include: ['test/**/*.test.ts'], exclude: sharing, isolate: true } },
      { extends: true, test: { name: 'sharing', include: sharing, isolate: false } },
    ],
  },
})
