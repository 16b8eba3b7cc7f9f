import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import type { Rollout } from '../api/wire.js'
import { type Note, receiptText, stepRollout, type Target } from '../api/writes.js'
import { hrefOf } from '../state/address.js'
import { say, sayProblem } from '../state/toasts.js'
import { percent } from '../text/words.js'
import { AcknowledgeForm } from './acknowledge-form.js'
import { ApplyForm } from './apply-form.js'
import { ConcludeForm } from './conclude-form.js'
import { RolloutFacts } from './rollout-facts.js'
import { When } from './small.js'
import { SplitBar, sharesOf } from './split-bar.js'

/** Who takes part, and how they are divided. */
interface Traffic {
  readonly coverage: number
  readonly weights: readonly number[]
}

/**
 * A rollout: its traffic as a bar and as a table, and what can be done with it.
 *
 * The slider and the weights write nothing: they stage a change, which Apply writes once. Events redraw the rest meanwhile.
 */
export function RolloutCard({
  rollout,
  own,
  target,
  isAlone = true,
  children,
}: {
  readonly rollout: Rollout
  /** The version that the label is on. */
  readonly own: number | undefined
  readonly target: Target
  /** On the page of its own name. */
  readonly isAlone?: boolean
  /** What its outcomes say. */
  readonly children?: ComponentChildren
}) {
  /** What the user touched and has not applied. The rest follows what others write meanwhile: Apply would take it back otherwise. */
  const [draft, change] = useState<Partial<Traffic>>({})
  const [isEnding, end] = useState(false)
  const [isGoingOn, goOn] = useState(false)
  const { id, label, status, arms, coverage, winner, guard, created_by, created_at } = rollout
  const isOpen = status !== 'concluded'
  const current: Traffic = { coverage, weights: arms.map(({ weight }) => weight) }
  const next: Traffic = { ...current, ...draft }
  // Subjects are judged by the weights under which they were exposed, so those of a guarded rollout stay.
  const hasWeights = isOpen && arms.length > 1 && !(guard && arms[guard.control]?.version === own)
  const isChanged = !isSame(next, current)
  const edit = (part: Partial<Traffic>): void => change({ ...draft, ...part })
  const shown = {
    ...rollout,
    coverage: next.coverage,
    arms: arms.map((arm, place) => ({ ...arm, weight: next.weights[place] ?? arm.weight })),
  }
  const shares = sharesOf(shown, own)

  const step = async (verb: 'pause' | 'resume'): Promise<void> => {
    const answer = await stepRollout(target, id, { verb })
    const text = verb === 'pause' ? `Paused: everybody gets the version of ${label}.` : `The rollout on ${label} goes on.`
    say(text + receiptText(answer), () => stepRollout(target, id, { verb: verb === 'pause' ? 'resume' : 'pause' }))
  }
  const apply = async (note: Note): Promise<void> => {
    const answer = await stepRollout(target, id, { verb: 'ramp', ...stepOf(next, current) }, note)
    change({})
    say(`Traffic of ${target.name} changed: ${changeText(current, next)}.${receiptText(answer)}`, () =>
      stepRollout(target, id, { verb: 'ramp', ...stepOf(current, next) }),
    )
  }

  return (
    <article class={`card rollout ${status}`} aria-label={`Rollout on ${label} of ${target.name}`}>
      <div class="head">
        <h2>
          {isAlone ? (
            `Rollout on ${label}`
          ) : (
            <a href={hrefOf([target.kind.plural, target.name], { project: target.project, tab: 'rollout' })} data-row="focus">
              {target.name} · {label}
            </a>
          )}
        </h2>
        <span class={`state ${status}`}>{status}</span>
        <div class="actions">
          {status === 'running' && (
            <button type="button" class="small quiet" onClick={() => void step('pause').catch(sayProblem)}>
              Pause
            </button>
          )}
          {status === 'paused' && (
            <button type="button" class="small quiet" onClick={() => (guard?.acted ? goOn(true) : void step('resume').catch(sayProblem))}>
              {guard?.acted ? 'Resume…' : 'Resume'}
            </button>
          )}
          {isOpen && (
            <button type="button" class="small quiet" onClick={() => end(true)}>
              Conclude…
            </button>
          )}
        </div>
      </div>
      <SplitBar shares={shares} />
      <table class="arms">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col" class="number">
              Share
            </th>
            {hasWeights && <th scope="col">Weight</th>}
          </tr>
        </thead>
        <tbody>
          {shares.map(({ name, version, tone, percent: share }, place) => (
            <tr key={place === 0 ? 'outside' : `arm-${place}`}>
              <td>
                <span class={`dot ${tone}`} /> {name} <small>{place === 0 ? 'not taking part' : version === own ? 'control' : ''}</small>
              </td>
              <td class="number">{percent(share)}</td>
              {hasWeights && (
                <td>
                  {place > 0 && (
                    <input
                      type="number"
                      min="0"
                      step="any"
                      class="weight"
                      aria-label={`Weight of ${name}`}
                      value={next.weights[place - 1]}
                      onInput={(event) =>
                        edit({
                          weights: next.weights.map((weight, at) =>
                            at === place - 1 ? Math.max(0, Number(event.currentTarget.value)) : weight,
                          ),
                        })
                      }
                    />
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {isOpen && (
        <label class="slider">
          <span>Subjects taking part</span>
          <input
            type="range"
            min="0"
            max="100"
            step="1"
            value={next.coverage}
            aria-valuetext={percent(next.coverage)}
            onInput={(event) => edit({ coverage: Number(event.currentTarget.value) })}
          />
          <output>{percent(next.coverage)}</output>
        </label>
      )}
      {isChanged && (
        <ApplyForm
          sentence={
            <>
              <b>{label}</b>: {changeText(current, next)}
            </>
          }
          takesFocus={false}
          onCancel={() => change({})}
          run={apply}
        />
      )}
      {isGoingOn && guard?.acted && status === 'paused' && (
        <AcknowledgeForm rollout={rollout} guard={guard} target={target} onDone={() => goOn(false)} />
      )}
      {isEnding && isOpen && <ConcludeForm rollout={rollout} own={own} target={target} onDone={() => end(false)} />}
      {children}
      <RolloutFacts rollout={rollout} />
      <p class="note">
        {!isOpen && (winner === undefined ? `Ended at ${percent(coverage)} without a winner. ` : `v${winner} won. `)}
        Started by {created_by ?? 'unknown'}, <When iso={created_at} />.
      </p>
    </article>
  )
}

/** "10 % → 25 % of subjects, weights 1:1 → 3:1" */
export function changeText(from: Traffic, to: Traffic): string {
  return [
    from.coverage !== to.coverage && `${percent(from.coverage)} → ${percent(to.coverage)} of subjects`,
    !sameWeights(from, to) && `weights ${from.weights.join(':')} → ${to.weights.join(':')}`,
  ]
    .filter(Boolean)
    .join(', ')
}

function stepOf(to: Traffic, from: Traffic) {
  return { ...(to.coverage !== from.coverage && { coverage: to.coverage }), ...(!sameWeights(to, from) && { weights: to.weights }) }
}

const sameWeights = (one: Traffic, other: Traffic): boolean => one.weights.join() === other.weights.join()
const isSame = (one: Traffic, other: Traffic): boolean => one.coverage === other.coverage && sameWeights(one, other)
