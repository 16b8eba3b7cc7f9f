import { get, queryOf } from '../api.js'
import { emptyState, field, h, select } from '../dom.js'
import { addressOf } from '../kinds.js'

const PATHS = { prompt: 'prompts', model: 'models', embedding: 'embeddings' }
const LIMIT = 50

/** Who changed what, when and why, newest first, day by day. */
export async function changelog({ kind = '', name = '' }) {
  const page = await get(`/changelog${queryOf({ kind, name, limit: LIMIT })}`)
  const timeline = h('ol', { class: 'timeline' })
  const more = h('button', { type: 'button', id: 'more' }, 'Load more')
  let day = ''
  const add = ({ items, cursor }) => {
    for (const change of items) {
      const itsDay = new Date(change.changed_at).toLocaleDateString([], { dateStyle: 'full' })
      if (itsDay !== day) timeline.append(h('li', { class: 'day' }, h('h2', {}, itsDay)))
      day = itsDay
      timeline.append(entry(change))
    }
    more.hidden = cursor === undefined
    more.onclick = async () => add(await get(`/changelog${queryOf({ kind, name, limit: LIMIT, cursor })}`))
  }
  add(page)
  return h(
    'section',
    {},
    h('div', { class: 'heading' }, h('h1', {}, 'Changelog')),
    filters(kind, name),
    page.items.length === 0 ? emptyState('No changes', 'Every write will be listed here.') : [timeline, more],
  )
}

function filters(kind, name) {
  const kinds = select([{ value: '', text: 'all' }, 'prompt', 'model', 'embedding', 'context_rules'], kind)
  const exact = h('input', { value: name, id: 'name' })
  const go = () => {
    location.hash = `/changelog${queryOf({ kind: kinds.value, name: exact.value })}`
  }
  kinds.onchange = go
  exact.onchange = go
  return h('form', { class: 'toolbar', onsubmit: (event) => event.preventDefault() }, field('Kind', kinds), field('Name', exact))
}

function entry({ config_type, config_name, project, change_type, change_summary, changed_by, changed_at, revision }) {
  const path = PATHS[config_type]
  const name = project === 'default' ? config_name : `${config_name} (${project})`
  return h(
    'li',
    {},
    h(
      'p',
      {},
      h('span', { class: `tag ${change_type}` }, change_type.replaceAll('_', ' ')),
      ' ',
      path ? h('a', { href: addressOf(path, config_name, project) }, name) : name,
    ),
    change_summary && h('p', {}, change_summary),
    h(
      'p',
      { class: 'quiet' },
      h('time', { dateTime: changed_at, title: changed_at }, new Date(changed_at).toLocaleTimeString()),
      changed_by && ` by ${changed_by}`,
      ` · ${config_type.replaceAll('_', ' ')}`,
      ` · revision ${revision}`,
    ),
  )
}
