import { h } from '../dom.js'

/** Two versions side by side; one below the other in a narrow window. What changed is marked by a sign, not by colour alone. */
export function diffOf({ lines, fields }, from, to) {
  if (lines.every((line) => line.type === 'same') && fields.length === 0)
    return h('p', { class: 'quiet' }, 'The two versions say the same.')
  return h(
    'div',
    { class: 'diff' },
    lines.length > 0 &&
      h(
        'table',
        {},
        h('caption', {}, `Version ${from} beside version ${to}`),
        h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, `Version ${from}`), h('th', { scope: 'col' }, `Version ${to}`))),
        h(
          'tbody',
          {},
          rowsOf(lines).map(([left, right]) => h('tr', {}, cell(left), cell(right))),
        ),
      ),
    fields.length > 0 &&
      h(
        'dl',
        {},
        fields.map(({ field, from: before, to: after }) => [
          h('dt', {}, field),
          h('dd', {}, h('del', {}, JSON.stringify(before) ?? 'not set'), ' → ', h('ins', {}, JSON.stringify(after) ?? 'not set')),
        ]),
      ),
  )
}

/** Removed lines stand beside the added ones that replace them. */
function rowsOf(lines) {
  const rows = []
  let removed = []
  let added = []
  const flush = () => {
    for (let place = 0; place < Math.max(removed.length, added.length); place++) rows.push([removed[place], added[place]])
    removed = []
    added = []
  }
  for (const line of lines) {
    if (line.type === 'removed') removed.push(line)
    else if (line.type === 'added') added.push(line)
    else {
      flush()
      rows.push([line, line])
    }
  }
  flush()
  return rows
}

function cell(line) {
  if (!line) return h('td', { class: 'none' })
  if (line.type === 'same') return h('td', {}, line.text)
  const sign = line.type === 'removed' ? '−' : '+'
  return h(
    'td',
    { class: line.type },
    h('span', { class: 'sign', 'aria-hidden': 'true' }, sign),
    h(line.type === 'removed' ? 'del' : 'ins', {}, line.text || ' '),
  )
}
