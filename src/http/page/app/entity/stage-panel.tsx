import { useState } from 'preact/hooks'
import { type Note, promote, receiptText } from '../api/writes.js'
import { ApplyForm } from '../parts/apply-form.js'
import { type Staged, unstage } from '../state/staged.js'
import { say } from '../state/toasts.js'
import type { Context } from './context.js'
import { Move, undoOfPromotion } from './move.js'
import { planOf } from './stage-plans.js'

/** A change that waits for Apply: what it will do in one sentence, and why. */
export function StagePanel({ context, staged }: { readonly context: Context; readonly staged: Staged }) {
  if (staged.type === 'start') return undefined
  if (staged.type === 'promote') return <Promotion context={context} version={staged.version} first={staged.label} />
  const { sentence, isDangerous, run } = planOf(context, staged)
  return <ApplyForm sentence={sentence} isDangerous={isDangerous} onCancel={unstage} run={(note) => run(note).then(unstage)} />
}

/** Which label is chosen here; where it is now is what the promotion expects, so that nobody's promotion is undone unseen. */
function Promotion({ context, version, first }: { readonly context: Context; readonly version: number; readonly first: string }) {
  const { target, labels } = context
  const [label, choose] = useState(first)
  const from = labels.get(label)
  const known = [...new Set([target.kind.label, 'production', 'staging', ...labels.keys()])].filter((one) => one !== 'latest')
  const run = async (note: Note): Promise<void> => {
    const answer = await promote(target, version, label, from, note)
    const undo = undoOfPromotion(target, label, from, version)
    say(`${label} of ${target.name}: ${from === undefined ? 'none' : `v${from}`} → v${version}.${receiptText(answer)}`, undo)
    unstage()
  }
  return (
    <ApplyForm
      sentence={<Move label={label} from={from} to={`v${version}`} />}
      hint={from === version ? `${label} is on v${version} already.` : undefined}
      isReady={label !== '' && from !== version}
      onCancel={unstage}
      run={run}
    >
      <label class="field">
        <span>Label</span>
        <input list="known-labels" value={label} maxLength={36} required onInput={(event) => choose(event.currentTarget.value.trim())} />
        <datalist id="known-labels">
          {known.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
    </ApplyForm>
  )
}
