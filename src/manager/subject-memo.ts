/** Subjects kept of each generation, so that memory holds at most twice as many a rollout. */
const GENERATION = 10_000

/**
 * What was answered to which subject: the ones that come again are found by one map lookup. Those that have not come for a while leave,
 * a generation at a time, which costs a hit nothing.
 */
export class SubjectMemo<Answer> {
  #recent = new Map<string, Answer>()
  #older = new Map<string, Answer>()

  get(subject: string): Answer | undefined {
    const recent = this.#recent.get(subject)
    if (recent !== undefined) return recent
    const older = this.#older.get(subject)
    if (older !== undefined) this.set(subject, older)
    return older
  }

  set(subject: string, answer: Answer): void {
    if (this.#recent.size >= GENERATION) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(subject, answer)
  }

  clear(): void {
    this.#recent.clear()
    this.#older.clear()
  }
}
