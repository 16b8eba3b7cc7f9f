import { useState } from 'preact/hooks'
import { can } from '../api/abilities.js'
import { type Note, receiptText, startRollout, stepRollout } from '../api/writes.js'
import { ApplyForm } from '../parts/apply-form.js'
import { SplitBar, SplitLegend, sharesOf, totalsOf } from '../parts/split-bar.js'
import { unstage } from '../state/staged.js'
import { say } from '../state/toasts.js'
import { percent } from '../text/words.js'
import type { Context } from './context.js'

/** What agents record by themselves. */
const GUARDED = ['error', 'degraded', 'invalid_output'] as const

/** Asks for a version and how many subjects get it; a control group of the same size makes it an A/B test. */
export function StartRollout({ context: { target, versions, labels, shown } }: { readonly context: Context }) {
  const known = [...labels.keys()]
  const [label, chooseLabel] = useState(labels.has(target.kind.label) ? target.kind.label : (known[0] ?? target.kind.label))
  const own = labels.get(label)
  const active = versions.filter(({ is_active }) => is_active)
  const others = active.filter(({ version }) => version !== own)
  const [chosen, choose] = useState(shown.version)
  const version = others.some((item) => item.version === chosen) ? chosen : others[0]?.version
  const [coverage, cover] = useState('10')
  const [hasControl, control] = useState(true)
  const [isGuarded, guard] = useState(false)
  // A guard compares with the label's own version.
  const canGuard = hasControl && can('GET', '/rollouts/id/report')
  const share = Number(coverage)
  const isReady = version !== undefined && own !== undefined && coverage !== '' && share >= 0 && share <= 100
  const arms = [...(hasControl && own !== undefined ? [{ version: own, weight: 1 }] : []), { version: version ?? 0, weight: 1 }]
  const traffic = { arms, coverage: isReady ? share : 0, label, status: 'running' } as const
  const run = async (note: Note): Promise<void> => {
    const rollout = await startRollout(
      target,
      { label, arms, coverage: share, ...(canGuard && isGuarded && { guard: { metrics: GUARDED } }) },
      note,
    )
    const undo = () => stepRollout(target, rollout.id, { verb: 'conclude' })
    say(`Rollout of v${version} on ${label} of ${target.name} started: ${percent(share)} of subjects.${receiptText(rollout)}`, undo)
    unstage()
  }
  return (
    <ApplyForm
      sentence={
        <>
          <b>{label}</b>: {percent(traffic.coverage)} of subjects take part,{' '}
          {hasControl ? `half of them get v${version}` : `they get v${version}`}. The others stay on{' '}
          {own === undefined ? 'what they have' : `v${own}`}.
        </>
      }
      hint={own === undefined ? `No version is ${label}: promote one first.` : undefined}
      action="Start"
      isReady={isReady}
      onCancel={unstage}
      run={run}
    >
      <label class="field">
        <span>New version</span>
        <select value={version} onChange={(event) => choose(Number(event.currentTarget.value))}>
          {others.map((item) => (
            <option key={item.version} value={item.version}>
              v{item.version}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>On label</span>
        <select value={label} onChange={(event) => chooseLabel(event.currentTarget.value)}>
          {known.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Subjects, in percent</span>
        <input
          type="number"
          min="0"
          max="100"
          step="0.01"
          required
          value={coverage}
          onInput={(event) => cover(event.currentTarget.value)}
        />
      </label>
      <label class="check">
        <input type="checkbox" checked={hasControl} onChange={(event) => control(event.currentTarget.checked)} />
        <span>Keep a control group of the same size (A/B test)</span>
      </label>
      {canGuard && (
        <label class="check">
          <input type="checkbox" checked={isGuarded} onChange={(event) => guard(event.currentTarget.checked)} />
          <span>Pause it by itself when more runs of v{version} fail, fall back, or give output that does not fit</span>
        </label>
      )}
      {isReady && (
        <div class="preview">
          <SplitBar shares={sharesOf(traffic, own)} />
          <SplitLegend shares={totalsOf(traffic, own)} control={own} />
        </div>
      )}
    </ApplyForm>
  )
}
