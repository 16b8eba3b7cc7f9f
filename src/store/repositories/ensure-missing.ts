import type { GroupMeta, Written } from '../../entities/written.js'
import { checkKeys } from '../../shared/known-keys.js'
import type { EntityState } from '../write/entity-state.js'
import type { Recorder } from '../write/recorder.js'
import { GROUP_META_KEYS } from '../write/requests.js'
import type { Write } from '../write/write.js'
import { metaOf } from './labelled-repository.js'

export interface EnsureOptions extends GroupMeta {
  /** @default the manager's label, 'production' */
  readonly labels?: readonly string[]
}

export interface EnsureParts<Draft> {
  readonly recorder: Recorder
  /** The drafts, without labels, author and reason: `options` has these for all of them. */
  readonly drafts: readonly Draft[]
  readonly options: EnsureOptions
  readonly defaultLabel: string
  readonly exists: (name: string) => Promise<boolean>
  /** Asks whether a name may be created with these labels. */
  readonly permit: (draft: Draft, labels: readonly string[]) => Promise<void>
  /** The write that creates it. */
  readonly write: (draft: Draft) => Write<unknown>
}

/** Writes what the store does not have, all in one transaction. A name that has versions, even if all are deactivated, is left alone. */
export async function ensureMissing<Draft extends { readonly name: string }>(
  parts: EnsureParts<Draft>,
): Promise<Written<{ readonly created: readonly string[] }>> {
  const { recorder, options, exists, permit } = parts
  checkKeys(options, ['labels', ...GROUP_META_KEYS])
  const labels = options.labels ?? [parts.defaultLabel]
  const meta = metaOf(options)
  // `authorize` is asked before the transaction, and only about names that are missing. None of the others can go missing meanwhile.
  const missing: Draft[] = []
  for (const draft of parts.drafts.map((given) => ({ ...given, ...meta, labels }))) {
    if (await exists(draft.name)) continue
    await permit(draft, labels)
    missing.push(draft)
  }
  // `waitForWorkers` belongs to the write as a whole, not to each name.
  const { waitForWorkers } = options
  const whole = waitForWorkers === undefined ? meta : { ...meta, waitForWorkers }
  const { value, facts } = await recorder.record(whole, creation(missing, parts.write))
  return Object.freeze({ created: Object.freeze(value), ...facts })
}

function creation<Draft extends { readonly name: string }>(
  missing: readonly Draft[],
  write: (draft: Draft) => Write<unknown>,
): Write<readonly string[]> {
  const writes = missing.map(write)
  return {
    asks: writes.flatMap(({ asks }) => asks),
    decide: (states) => {
      // A name that another worker has written meanwhile, or that stands in the list a second time, is left alone.
      const isNew = ({ name }: Draft, place: number) =>
        states[place]?.highest === 0 && missing.findIndex((draft) => draft.name === name) === place
      const places = missing.flatMap((draft, place) => (isNew(draft, place) ? [place] : []))
      return {
        steps: places.flatMap((place) => writes[place]?.decide([states[place] as EntityState]).steps ?? []),
        answer: () => places.map((place) => missing[place]?.name as string),
      }
    },
  }
}
