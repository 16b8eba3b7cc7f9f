import { h, svg } from '../dom.js'

/** The traffic of a label as a bar: what each arm gets, and what stays with the label's own version. A list says the same in words. */
export function splitOf({ arms, coverage, label, status }) {
  const covered = status === 'paused' || status === 'concluded' ? 0 : coverage
  const weights = arms.reduce((sum, arm) => sum + arm.weight, 0) || 1
  const parts = arms.map(({ version, weight }, place) => ({
    name: `Version ${version}`,
    share: (covered * weight) / weights,
    kind: `arm-${place % 4}`,
  }))
  parts.push({ name: `The version of ${label}`, share: 100 - covered, kind: 'rest' })
  let start = 0
  const bars = parts.map(({ share, kind }) => {
    const bar = svg('rect', { x: start, y: 0, width: Math.max(share, 0), height: 10, class: kind })
    start += share
    return bar
  })
  return h(
    'div',
    { class: 'split' },
    svg('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, bars),
    h(
      'ul',
      {},
      parts.map(({ name, share, kind }) => h('li', { class: kind }, `${name} `, h('strong', {}, `${Math.round(share * 100) / 100} %`))),
    ),
  )
}
