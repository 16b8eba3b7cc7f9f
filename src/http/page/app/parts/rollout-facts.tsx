import type { Rollout } from '../api/wire.js'
import { guardText } from '../text/guard.js'
import { counted, percent } from '../text/words.js'

/** What else was said when the rollout was started. */
export function RolloutFacts({ rollout: { sticky, when, forced, schedule, guard, enrol } }: { readonly rollout: Rollout }) {
  const facts = [
    guard && ['Guard', guardText(guard)],
    enrol === false && ['Enrolment', 'Takes no new subjects, and keeps those it has.'],
    sticky && ['Sticky', 'Subjects keep their version when weights change.'],
    when !== undefined && ['Only when', JSON.stringify(when)],
    forced !== undefined && ['Forced', `${counted(Object.keys(forced).length, 'subject')} always get the same version.`],
    schedule?.length && [
      'Schedule',
      schedule.map(({ at, coverage }) => `${new Date(at).toLocaleString()}: ${percent(coverage)}`).join(' · '),
    ],
  ].filter((fact): fact is [string, string] => Array.isArray(fact))
  if (facts.length === 0) return undefined
  return (
    <dl class="facts">
      {facts.map(([name, text]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  )
}
