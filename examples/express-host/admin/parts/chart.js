import { h, svg } from '../dom.js'

const WIDTH = 240
const HEIGHT = 60

/** A small line of the last figures, with the newest in words. `undefined` figures are gaps. */
export function chart(title, figures, { most, text }) {
  const top = most ?? Math.max(1, ...figures.filter((figure) => figure !== undefined))
  const step = WIDTH / Math.max(figures.length - 1, 1)
  const points = figures.flatMap((figure, place) =>
    figure === undefined ? [] : [`${round(place * step)},${round(HEIGHT - (figure / top) * HEIGHT)}`],
  )
  const newest = figures.at(-1)
  return h(
    'figure',
    { class: 'card chart' },
    h('figcaption', {}, title, h('strong', {}, newest === undefined ? 'no reads yet' : text(newest))),
    svg(
      'svg',
      { viewBox: `0 -3 ${WIDTH} ${HEIGHT + 6}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      svg('line', { x1: 0, y1: HEIGHT, x2: WIDTH, y2: HEIGHT }),
      svg('polyline', { points: points.length === 1 ? `0,${points[0].split(',')[1]} ${points[0]}` : points.join(' ') }),
    ),
  )
}

function round(number) {
  return Math.round(number * 10) / 10
}
