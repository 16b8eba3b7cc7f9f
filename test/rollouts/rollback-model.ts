/** What the label of a prompt, its versions and its one rollout should be, without a database. */
export class PromptModel {
  readonly active = new Set<number>()
  label: number | undefined
  rollout: { readonly arms: readonly number[]; status: 'running' | 'paused' } | undefined
  #versions = 0
  /** Where the label was before each of its changes, oldest first. */
  readonly #before: number[] = []

  get versions(): number {
    return this.#versions
  }

  add(hasLabel: boolean): boolean {
    if (hasLabel && this.#isRunning) return false
    this.active.add(++this.#versions)
    if (hasLabel) this.#move(this.#versions)
    return true
  }

  promote(version: number, force: boolean): boolean {
    if (!this.active.has(version) || (this.#isRunning && !force)) return false
    this.#pause()
    this.#move(version)
    return true
  }

  rollback(): boolean {
    const target = this.#before.findLast((version) => version !== this.label && this.active.has(version))
    if (target === undefined) return false
    this.#pause()
    this.#move(target)
    return true
  }

  removeLabel(force: boolean): boolean {
    if (this.label === undefined || (this.#isRunning && !force)) return false
    this.#pause()
    this.#move(undefined)
    return true
  }

  deactivate(version: number, force: boolean): boolean {
    if (!this.active.has(version)) return false
    const isArm = this.#isRunning && this.rollout!.arms.includes(version)
    if ((version === this.label || isArm) && !force) return false
    if (version === this.label || isArm) this.#pause()
    if (version === this.label) this.#move(undefined)
    this.active.delete(version)
    return true
  }

  activate(version: number): boolean {
    if (version > this.#versions) return false
    this.active.add(version)
    return true
  }

  start(arms: readonly number[]): boolean {
    if (this.rollout || !arms.every((version) => this.active.has(version))) return false
    this.rollout = { arms, status: 'running' }
    return true
  }

  pause(): boolean {
    if (!this.rollout) return false
    this.#pause()
    return true
  }

  resume(): boolean {
    if (!this.rollout?.arms.every((version) => this.active.has(version))) return false
    this.rollout.status = 'running'
    return true
  }

  conclude(winner: number | undefined): boolean {
    if (!this.rollout) return false
    if (winner !== undefined && !(this.rollout.arms.includes(winner) && this.active.has(winner))) return false
    if (winner !== undefined) this.#move(winner)
    this.rollout = undefined
    return true
  }

  get #isRunning(): boolean {
    return this.rollout?.status === 'running'
  }

  #pause(): void {
    if (this.rollout) this.rollout.status = 'paused'
  }

  #move(version: number | undefined): void {
    if (this.label !== undefined) this.#before.push(this.label)
    this.label = version
  }
}
