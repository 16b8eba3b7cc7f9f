const WIDTH = 240
const HEIGHT = 40

/** The last figures as a small line, with the newest in words. What is not known is a gap. */
export function Sparkline({
  title,
  values,
  most,
  text,
}: {
  readonly title: string
  readonly values: readonly (number | null)[]
  readonly most?: number
  readonly text: (value: number) => string
}) {
  const top = most ?? Math.max(1, ...values.map((value) => value ?? 0))
  const step = WIDTH / Math.max(values.length - 1, 1)
  const points = values.flatMap((value, place) =>
    value === null ? [] : [`${(place * step).toFixed(1)},${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`],
  )
  const newest = values.at(-1)
  return (
    <figure class="card tile">
      <figcaption>{title}</figcaption>
      <b>{newest === null || newest === undefined ? 'No reads yet' : text(newest)}</b>
      <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" aria-hidden="true">
        <polyline points={points.length === 1 ? `0,${points[0]!.split(',')[1]} ${points[0]}` : points.join(' ')} />
      </svg>
    </figure>
  )
}
