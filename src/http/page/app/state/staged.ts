import { signal } from '@preact/signals'

/** A change that waits for Apply. `about` is the entity whose page shows it. */
export type Staged = { readonly about: string } & (
  | { readonly type: 'promote'; readonly version: number; readonly label: string }
  | { readonly type: 'rollback'; readonly version: number; readonly label: string }
  | { readonly type: 'remove-label'; readonly version: number; readonly label: string }
  /** Without a version: the whole name. */
  | { readonly type: 'activate' | 'deactivate'; readonly version?: number }
  /** A rollout; its form stands on the tab of rollouts. */
  | { readonly type: 'start'; readonly version: number }
)

/** One at a time: two half-decided changes of the same traffic would be a trap. */
export const staged = signal<Staged | undefined>(undefined)

export function stage(change: Staged): void {
  staged.value = change
}

export function unstage(): void {
  staged.value = undefined
}

/** What one leaves is not decided any more; another version or tab of the same name is no leaving. */
addEventListener('hashchange', ({ oldURL, newURL }) => {
  const [before] = new URL(oldURL).hash.split('?')
  const [after] = new URL(newURL).hash.split('?')
  if (before !== after) unstage()
})
