import { LabelPolicy } from './label-policy.js'
import type { Recorder } from './recorder.js'
import { SessionRecorder } from './session-recorder.js'
import type { WriteMeta, Written } from './written.js'

/** A repository as `ensureMissing` needs it. */
interface Seeded<Draft> {
  exists(name: string): Promise<boolean>
  create(draft: Draft): Promise<unknown>
}

export interface EnsureParts<Draft> {
  readonly recorder: Recorder
  /** Without who and why, which `options` say. */
  readonly drafts: readonly Draft[]
  readonly options: WriteMeta & { readonly labels?: readonly string[] }
  readonly exists: (name: string) => Promise<boolean>
  /** Asks whether a name may be created with these labels. */
  readonly permit: (name: string, labels: readonly string[], draft: Draft) => Promise<void>
  /** The same repository within a transaction. */
  readonly within: (recorder: Recorder) => Seeded<Draft>
}

/**
 * Writes what the store does not have, all in one transaction. A name that has versions, even if all are deactivated, is left alone.
 */
export async function ensureMissing<Draft extends { readonly name: string }>(
  parts: EnsureParts<Draft>,
): Promise<Written<{ readonly created: readonly string[] }>> {
  const { recorder, options, exists, permit, within } = parts
  const labels = options.labels ?? ['production']
  const meta = metaOf(options)
  // `authorize` is asked before the transaction, and only about names that are missing. None of the others can go missing meanwhile.
  const missing: Draft[] = []
  for (const draft of parts.drafts.map((given) => ({ ...given, ...meta, labels }))) {
    if (await exists(draft.name)) continue
    await permit(draft.name, labels, draft)
    missing.push(draft)
  }
  // Waiting is for the whole write, at its end.
  const { waitForWorkers } = options
  const whole = waitForWorkers === undefined ? meta : { ...meta, waitForWorkers }
  const { value, facts } = await recorder.record(whole, async (session) => {
    const { schema, contracts } = recorder
    const inside = within(new SessionRecorder(session, { schema, contracts, policy: new LabelPolicy() }))
    const created: string[] = []
    for (const draft of missing) {
      if (await inside.exists(draft.name)) continue
      await inside.create(draft)
      created.push(draft.name)
    }
    return created
  })
  return Object.freeze({ created: Object.freeze(value), ...facts })
}

function metaOf({ changedBy, summary }: WriteMeta): WriteMeta {
  return { ...(changedBy !== undefined && { changedBy }), ...(summary !== undefined && { summary }) }
}
