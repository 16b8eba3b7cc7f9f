/** Why a command of a page is not run by the test of the pages, or which test runs it. */
export interface KnownCommand {
  /** How the command begins. */
  readonly begins: string
  /** A test file that runs it, */
  readonly test?: string
  /** or what it needs that this test has not. */
  readonly needs?: string
}

/**
 * Every command of a `sh` or `bash` block. A command is looked up by its longest beginning here; one that is in no row fails the test,
 * as does a row whose command is gone.
 */
export const KNOWN_COMMANDS: readonly KnownCommand[] = [
  { begins: 'npm ci && npm run quickstart', test: 'test/examples/examples.test.ts' },
  { begins: 'npm ci && npm test', needs: 'itself: it runs this test' },
  { begins: 'npm ci && npm run example', test: 'test/express-host/main.test.ts' },
  { begins: 'npm run guarded-rollout', test: 'test/examples/examples.test.ts' },
  { begins: 'npm install', test: 'test/package.test.ts' },
  { begins: 'npx agent-config ', test: 'test/docs/shell-commands.test.ts' },
  { begins: 'npm run chaos', test: 'test/chaos/chaos.test.ts' },
  { begins: 'npm run scale', needs: 'minutes and 250 workers' },
  { begins: 'npx vitest run', needs: 'itself: it runs tests' },
  { begins: 'docker compose', needs: 'a container engine' },
]

/** Commands of the reader's own shell and repository. */
export const OF_THE_READER = /^(?:export|cd|git) /
