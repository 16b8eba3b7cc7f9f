import { RolloutCard } from '../parts/rollout-card.js'
import { Empty } from '../parts/small.js'
import { hrefOf } from '../state/address.js'
import { stage, staged } from '../state/staged.js'
import type { Context } from './context.js'
import { keyOf } from './data.js'
import { RolloutOutcomes } from './rollout-outcomes.js'
import { StartRollout } from './start-rollout.js'

/** The rollouts of a name: the open ones with their traffic, the way to start one, and those that have ended. */
export function RolloutTab({ context }: { readonly context: Context }) {
  const { target, rollouts, labels, versions, shown } = context
  const about = keyOf(target)
  const open = rollouts.filter(({ status }) => status !== 'concluded')
  const ended = rollouts.filter(({ status }) => status === 'concluded')
  const active = versions.filter(({ is_active }) => is_active)
  const isStarting = staged.value?.about === about && staged.value.type === 'start'
  const start = (): void => stage({ about, type: 'start', version: shown.version })
  return (
    <>
      {open.map((rollout) => (
        <RolloutCard key={rollout.id} rollout={rollout} own={labels.get(rollout.label)} target={target}>
          <RolloutOutcomes rollout={rollout} own={labels.get(rollout.label)} target={target} />
        </RolloutCard>
      ))}
      {isStarting ? (
        <StartRollout context={context} />
      ) : active.length < 2 ? (
        <Empty title="A rollout needs two versions">
          <p>It gives some subjects another version than the one of the label.</p>
          <a
            class="button primary"
            href={hrefOf([target.kind.plural, target.name, 'edit'], { project: target.project, from: shown.version })}
          >
            New version
          </a>
        </Empty>
      ) : open.length === 0 ? (
        <Empty title="No rollout runs">
          <p>Give a new version to a few subjects first, and to more when it does well. Going back takes one click.</p>
          <button type="button" class="primary" onClick={start}>
            Start a rollout
          </button>
        </Empty>
      ) : (
        <button type="button" onClick={start}>
          Start another rollout
        </button>
      )}
      {ended.length > 0 && (
        <section class="ended">
          <h2>Ended</h2>
          {ended.map((rollout) => (
            <RolloutCard key={rollout.id} rollout={rollout} own={labels.get(rollout.label)} target={target}>
              <RolloutOutcomes rollout={rollout} own={labels.get(rollout.label)} target={target} />
            </RolloutCard>
          ))}
        </section>
      )}
    </>
  )
}
