import { useEffect } from 'preact/hooks'
import { can } from '../api/abilities.js'
import { get } from '../api/call.js'
import type { Rollout, RolloutReport } from '../api/wire.js'
import type { Target } from '../api/writes.js'
import { useLoaded } from '../live/use-loaded.js'
import { EvidencePlot, IntervalPlot, scaleOf } from '../parts/interval-plot.js'
import { Notice } from '../parts/small.js'
import { sharesOf } from '../parts/split-bar.js'
import { evidenceText, guardWord, metricText } from '../text/guard.js'
import { counted } from '../text/words.js'
import { isAbout } from './data.js'

/** Outcomes announce nothing: while a rollout runs its report is read again this often. */
const AGAIN_MS = 5_000

/** What the outcomes of a rollout say so far: each metric with its intervals, drawn and in words, and the guard's verdict. */
export function RolloutOutcomes({
  rollout,
  own,
  target,
}: {
  readonly rollout: Rollout
  readonly own: number | undefined
  readonly target: Target
}) {
  const path = `/rollouts/${encodeURIComponent(rollout.id)}/report`
  if (!rollout.record_exposures || !can('GET', path)) return undefined
  return <Outcomes rollout={rollout} own={own} target={target} path={path} />
}

function Outcomes({ rollout, own, target, path }: Parameters<typeof RolloutOutcomes>[0] & { readonly path: string }) {
  const isRunning = rollout.status === 'running'
  const { value: report, reload } = useLoaded(`report:${rollout.id}`, (signal) => get<RolloutReport>(path, {}, { signal }), isAbout(target))
  useEffect(() => {
    if (!isRunning) return
    const timer = setInterval(() => document.hidden || reload(), AGAIN_MS)
    return () => clearInterval(timer)
  }, [rollout.id, isRunning])
  const word = guardWord(rollout, report)
  const tones = sharesOf(rollout, own).slice(1)
  // What the guard watches comes first.
  const reported = (report?.arms ?? []).flatMap((arm) => Object.keys(arm.metrics)).sort()
  const metrics = [...new Set([...(report?.guard ?? []).map(({ metric }) => metric), ...reported])]
  return (
    <section class="outcomes" aria-label="Outcomes">
      {word && (
        <Notice tone={word.tone}>
          <p>{word.text}</p>
        </Notice>
      )}
      {report?.ratio.ok === false && !rollout.guard && (
        <Notice tone="warn">
          <p>The versions do not get the subjects they should: {report.ratio.observed.join(' : ')}.</p>
        </Notice>
      )}
      {report && metrics.length > 0 && (
        <>
          {metrics.map((metric) => (
            <Metric key={metric} metric={metric} report={report} tones={tones.map(({ tone }) => tone)} />
          ))}
          <p class="note">
            {report.arms.map(({ version, subjects }) => `v${version}: ${counted(subjects, 'subject')}`).join(' · ')}. Intervals hold with 95
            %, however often one looks.
          </p>
        </>
      )}
    </section>
  )
}

function Metric({ metric, report, tones }: { readonly metric: string; readonly report: RolloutReport; readonly tones: readonly string[] }) {
  const scale = scaleOf(report.arms.map((arm) => arm.metrics[metric]))
  const finding = report.guard.find((one) => one.metric === metric)
  return (
    <figure class="metric">
      <figcaption>
        <b>{metric}</b>
        {finding && (
          <span class={`verdict ${finding.verdict}`}>
            {VERDICTS[finding.verdict]} · {evidenceText(finding)}
          </span>
        )}
      </figcaption>
      {finding && <EvidencePlot {...finding} />}
      <ul>
        {report.arms.map((arm, place) => (
          <li key={place}>
            <span>
              <span class={`dot ${tones[place] ?? ''}`} /> v{arm.version}
            </span>
            <IntervalPlot metric={arm.subjects > 0 ? arm.metrics[metric] : undefined} scale={scale} tone={tones[place] ?? ''} />
            <span class="figure">{metricText(arm.metrics[metric], arm.subjects)}</span>
          </li>
        ))}
      </ul>
    </figure>
  )
}

const VERDICTS = { ok: 'nothing against it', worse: 'worse', 'too-early': 'too early to say' } as const
