/** Subjects kept of each generation, so that memory holds at most twice as many a rollout. */
const GENERATION = 10_000

/**
 * Remembers the answer for each subject; a hit is one map lookup. Two generations: when the younger is full the older is dropped, so
 * that subjects not seen lately leave without any bookkeeping on hits.
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
