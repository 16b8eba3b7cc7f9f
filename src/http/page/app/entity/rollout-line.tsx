import type { Rollout } from '../api/wire.js'
import { SplitBar, SplitLegend, sharesOf, totalsOf } from '../parts/split-bar.js'
import type { Context } from './context.js'

/** An open rollout in one line, in sight on every tab: its traffic as a bar and in words. */
export function RolloutLine({ rollout, context, href }: { readonly rollout: Rollout; readonly context: Context; readonly href: string }) {
  const own = context.labels.get(rollout.label)
  return (
    <section class="card rollout-line" aria-label={`Rollout on ${rollout.label}`}>
      <div class="head">
        <h2>Rollout on {rollout.label}</h2>
        <span class={`state ${rollout.status}`}>{rollout.status}</span>
        <a class="button small quiet" href={href}>
          Change traffic…
        </a>
      </div>
      <SplitBar shares={sharesOf(rollout, own)} />
      <SplitLegend shares={totalsOf(rollout, own)} control={own} />
    </section>
  )
}
