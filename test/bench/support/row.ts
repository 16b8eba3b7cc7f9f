/** One line of the table of measures. */
export interface BenchRow {
  readonly measure: string
  readonly ours: string
  readonly beside: string
  /** Ours to beside, in the unit of the measure. */
  readonly ratio: number
  /** The ratio to reach. */
  readonly reach: number
  /** Whether the ratio has to stay at or under `reach`: for times and bytes. Absent: at or over it. */
  readonly atMost?: boolean
}

export function isReached({ ratio, reach, atMost = false }: BenchRow): boolean {
  return atMost ? ratio <= reach : ratio >= reach
}

/** The rows as a Markdown table. */
export function markdownTable(rows: readonly BenchRow[]): string {
  const lines = rows.map((row) =>
    [
      row.measure,
      row.ours,
      row.beside,
      `${significant(row.ratio)}x`,
      `${row.atMost ? '≤' : '≥'} ${row.reach}x`,
      isReached(row) ? 'yes' : 'NO',
    ].join(' | '),
  )
  return ['| measure | ours | beside | ratio | reach | reached? |', '| --- | --- | --- | --- | --- | --- |']
    .concat(lines.map((line) => `| ${line} |`))
    .join('\n')
}

/** A rate in the unit that suits it. */
export function perSecond(rate: number): string {
  if (rate >= 1e6) return `${significant(rate / 1e6)} M/s`
  return rate >= 1e4 ? `${significant(rate / 1e3)} k/s` : `${significant(rate)} /s`
}

/** A number with three digits that mean something. */
export function significant(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
