import type { Reporter, TestModule } from 'vitest/node'

/** Ends the run's output with `N passed, N failed, N skipped`, alone on the last line. */
export class SummaryReporter implements Reporter {
  #passed = 0
  #failed = 0
  #skipped = 0
  #isComplete = false

  onInit(): void {
    // At the very end, after the servers are gone and vitest has said everything it has to say.
    process.once('exit', (code) => {
      // A run that fails without a failed test, as for a missing service, or that ends early, is not all green.
      if (!this.#isComplete) process.exitCode = code || 1
      if ((code !== 0 || !this.#isComplete) && this.#failed === 0) this.#failed = 1
      process.stdout.write(`\n${this.#passed} passed, ${this.#failed} failed, ${this.#skipped} skipped\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#isComplete = true
    this.#passed = 0
    this.#skipped = 0
    this.#failed = unhandledErrors.length
    for (const module of modules) {
      // A file that cannot be loaded and a suite whose hook throws fail without any test of theirs failing.
      this.#failed += module.errors().length
      for (const suite of module.children.allSuites()) this.#failed += suite.errors().length
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') this.#passed++
        else if (state === 'failed') this.#failed++
        else this.#skipped++
      }
    }
  }
}
