import { useState } from 'preact/hooks'
import type { Rollout } from '../api/wire.js'
import { type Note, promote, receiptText, stepRollout, type Target } from '../api/writes.js'
import { say } from '../state/toasts.js'
import { ApplyForm } from './apply-form.js'

/** Ends a rollout: with a winner, the label is promoted to it in the same transaction. */
export function ConcludeForm({
  rollout,
  own,
  target,
  onDone,
}: {
  readonly rollout: Rollout
  readonly own: number | undefined
  readonly target: Target
  readonly onDone: () => void
}) {
  const { id, label, arms } = rollout
  const [winner, choose] = useState('')
  const current = own === undefined ? 'what it has' : `v${own}`
  const run = async (note: Note): Promise<void> => {
    const answer = await stepRollout(target, id, { verb: 'conclude', ...(winner !== '' && { winner: Number(winner) }) }, note)
    const isMoved = winner !== '' && Number(winner) !== own && own !== undefined
    say(
      `The rollout on ${label} of ${target.name} has ended${isMoved ? `: ${label} v${own} → v${winner}` : ''}.${receiptText(answer)}`,
      isMoved ? () => promote(target, own, label, Number(winner)) : undefined,
    )
    onDone()
  }
  return (
    <ApplyForm
      sentence={
        <>
          The rollout ends. <b>{label}</b>
          {winner === '' ? ` stays on ${current}` : `: ${current} → v${winner}`}, for everybody.
        </>
      }
      action="Conclude"
      onCancel={onDone}
      run={run}
    >
      <label class="field">
        <span>Winner</span>
        <select value={winner} onChange={(event) => choose(event.currentTarget.value)}>
          <option value="">None: the label stays</option>
          {arms.map(({ version }) => (
            <option key={version} value={version}>
              v{version}
            </option>
          ))}
        </select>
      </label>
    </ApplyForm>
  )
}
