import { join } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * The files that take longest. Vitest begins with large files, and most of these are short texts that run for long: at the end of a run
 * one core would wait for them. Files that need processor time stand between those that need quiet.
 */
const LONGEST = [
  'test/chaos/chaos.test.ts',
  'test/package.test.ts',
  'test/docs/code-blocks.test.ts',
  'test/docs/docstring-examples.test.ts',
  'test/chaos/guard/guard-chaos.test.ts',
  'test/endurance/endurance.test.ts',
  'test/chaos/killed-writers.test.ts',
  'test/types/kinds.test.ts',
  'test/model/protocol.test.ts',
  'test/file-format/round-trip.test.ts',
  'test/manager/lost-history.test.ts',
  'test/examples/examples.test.ts',
  'test/manager/hostile-messages.test.ts',
  'test/cli/interrupted.test.ts',
]

/** Vitest's order, with the longest files of each project before the others. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((left, right) => (left.project === right.project ? this.#place(left) - this.#place(right) : 0))
  }

  #place({ moduleId }: TestSpecification): number {
    const place = LONGEST.findIndex((file) => moduleId === join(this.ctx.config.root, file))
    return place === -1 ? LONGEST.length : place
  }
}
