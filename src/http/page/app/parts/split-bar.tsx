import type { Arm, Rollout } from '../api/wire.js'
import { percent } from '../text/words.js'

/** What one version gets of a label's traffic. */
export interface Share {
  readonly version: number | undefined
  readonly name: string
  readonly percent: number
  /** Which colour: the label's own version, or the place of the arm. */
  readonly tone: string
}

type Traffic = Pick<Rollout, 'arms' | 'coverage' | 'label' | 'status'>

/** The parts of a label's traffic, in the order they are drawn and told: who stays outside first, then the arms. */
export function sharesOf({ arms, coverage, label, status }: Traffic, own: number | undefined): readonly Share[] {
  const covered = status === 'running' ? coverage : 0
  const weights = arms.reduce((sum, { weight }) => sum + weight, 0) || 1
  const inside = arms.map(({ version, weight }, place) => ({
    version,
    name: `v${version}`,
    percent: (covered * weight) / weights,
    tone: toneOf(arms, version, place, own),
  }))
  return [{ version: own, name: own === undefined ? label : `v${own}`, percent: 100 - covered, tone: 'outside' }, ...inside]
}

/** One line for headers and rails: what each version gets in all. */
export function totalsOf(traffic: Traffic, own: number | undefined): readonly Share[] {
  const totals = new Map<string, Share>()
  for (const share of sharesOf(traffic, own)) {
    const known = totals.get(share.name)
    totals.set(share.name, known ? { ...known, percent: known.percent + share.percent } : share)
  }
  return [...totals.values()]
}

/** The traffic as a thin bar. The words beside it say the same. */
export function SplitBar({ shares }: { readonly shares: readonly Share[] }) {
  return (
    <div class="split" role="img" aria-label={shares.map(({ name, percent: share }) => `${percent(share)} ${name}`).join(', ')}>
      {shares.map(({ tone, percent: share }, place) => share > 0 && <i key={place} class={tone} style={{ flexGrow: share }} />)}
    </div>
  )
}

/** The same in words: a line of versions with their colours. */
export function SplitLegend({ shares, control }: { readonly shares: readonly Share[]; readonly control: number | undefined }) {
  return (
    <ul class="legend">
      {shares.map(({ name, version, tone, percent: share }) => (
        <li key={name}>
          <span class={`dot ${tone}`} /> {name} <b>{percent(share)}</b>{' '}
          {version === control && version !== undefined && <small>control</small>}
        </li>
      ))}
    </ul>
  )
}

function toneOf(arms: readonly Arm[], version: number, place: number, own: number | undefined): string {
  if (version === own) return 'control'
  return `arm-${arms.slice(0, place).filter((arm) => arm.version !== own).length % 3}`
}
