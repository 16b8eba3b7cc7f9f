import type { MetricReport } from '../api/wire.js'

/** From and to, of all arms. */
export interface Scale {
  readonly low: number
  readonly high: number
}

const WIDTH = 100
const HEIGHT = 12

/** Wide enough for every arm's interval. Shares begin at 0. */
export function scaleOf(metrics: readonly (MetricReport | undefined)[]): Scale {
  const ends = metrics.flatMap((metric) => [...(metric?.interval ?? []), ...pointsOf(metric)])
  const isShare = metrics.every((metric) => metric?.mean === undefined)
  const low = isShare ? 0 : Math.min(...ends)
  const high = Math.max(...ends, isShare ? 0.01 : low)
  return high > low ? { low, high } : { low, high: low + 1 }
}

/** An arm's interval as a bar, and what was measured as a mark on it. The words beside it say the same. */
export function IntervalPlot({
  metric,
  scale,
  tone,
}: {
  readonly metric: MetricReport | undefined
  readonly scale: Scale
  readonly tone: string
}) {
  const at = (value: number): number => ((value - scale.low) / (scale.high - scale.low)) * WIDTH
  const [low, high] = metric?.interval ?? []
  const [point] = pointsOf(metric)
  return (
    <svg class={`interval ${tone}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <line class="ground" x1="0" x2={WIDTH} y1={HEIGHT / 2} y2={HEIGHT / 2} />
      {low !== undefined && high !== undefined && <rect x={at(low)} y="3" width={Math.max(0.5, at(high) - at(low))} height={HEIGHT - 6} />}
      {point !== undefined && <line class="point" x1={at(point)} x2={at(point)} y1="0" y2={HEIGHT} />}
    </svg>
  )
}

/** How far the evidence has come: the mark is where the guard acts. Logarithmic, as evidence multiplies. */
export function EvidencePlot({
  evidence,
  threshold,
  verdict,
}: {
  readonly evidence: number
  readonly threshold: number
  readonly verdict: string
}) {
  const reached = Math.min(1.25, Math.max(0, Math.log(Math.max(evidence, 1)) / Math.log(threshold)))
  const mark = WIDTH / 1.25
  return (
    <svg class={`evidence ${verdict}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <rect class="ground" x="0" y="3" width={WIDTH} height={HEIGHT - 6} />
      <rect x="0" y="3" width={reached * mark} height={HEIGHT - 6} />
      <line class="point" x1={mark} x2={mark} y1="0" y2={HEIGHT} />
    </svg>
  )
}

function pointsOf(metric: MetricReport | undefined): readonly number[] {
  const point = metric?.mean ?? metric?.share
  return point === undefined ? [] : [point]
}
