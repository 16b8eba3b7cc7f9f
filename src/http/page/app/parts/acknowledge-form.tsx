import type { Guard, Rollout } from '../api/wire.js'
import { receiptText, stepRollout, type Target } from '../api/writes.js'
import { say } from '../state/toasts.js'
import { percent } from '../text/words.js'
import { ApplyForm } from './apply-form.js'

/** Goes on with a rollout that its guard has paused: says what that means before it does it. */
export function AcknowledgeForm({
  rollout,
  guard,
  target,
  onDone,
}: {
  readonly rollout: Rollout
  readonly guard: Guard
  readonly target: Target
  readonly onDone: () => void
}) {
  const candidate = rollout.arms[1 - guard.control]?.version
  return (
    <ApplyForm
      sentence={
        <>
          <b>{rollout.label}</b>: {percent(rollout.coverage)} of subjects take part again, and some of them get v{candidate}.
        </>
      }
      hint={`The evidence begins anew, with subjects who come from now on. The guard may be wrong again: false alarms add up to ${percent((guard.alpha_spent + guard.alpha) * 100)}.`}
      action="Resume all the same"
      isDangerous={true}
      onCancel={onDone}
      run={async (note) => {
        const answer = await stepRollout(target, rollout.id, { verb: 'resume', acknowledge: true }, note)
        onDone()
        say(`The rollout on ${rollout.label} goes on.${receiptText(answer)}`, () => stepRollout(target, rollout.id, { verb: 'pause' }))
      }}
    />
  )
}
