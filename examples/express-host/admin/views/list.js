import { get, queryOf } from '../api.js'
import { emptyState, field, h } from '../dom.js'
import { addressOf, KINDS } from '../kinds.js'

const LIMIT = 500

/** All names of a kind: the newest version, and the one in production. */
export async function list(path, { search = '', project = 'default' }) {
  const { title, one, about } = KINDS[path]
  const [latest, production] = await Promise.all(
    ['latest', 'production'].map((label) => get(`/${path}${queryOf({ project, search, label, limit: LIMIT, include: 'content' })}`)),
  )
  const served = new Map(production.items.map((item) => [item.name, item.version]))
  const isPrompts = path === 'prompts'
  return h(
    'section',
    {},
    h(
      'div',
      { class: 'heading' },
      h('h1', {}, title),
      isPrompts && h('a', { class: 'button primary', href: `#/new-prompt${queryOf({ project })}` }, 'New prompt'),
    ),
    toolbar(path, search, project),
    latest.items.length === 0
      ? emptyState(search ? 'No match' : `No ${one}s yet`, search ? 'No name contains that text.' : `The first ${one} will be listed here.`)
      : table(latest.items, (item) => [
          h('a', { href: addressOf(path, item.name, project) }, item.name),
          `v${item.version}`,
          served.has(item.name)
            ? h('span', { class: 'tag production' }, `v${served.get(item.name)}`)
            : h('span', { class: 'quiet' }, 'none'),
          h('span', { class: 'clip' }, about(item)),
        ]),
    latest.cursor && h('p', { class: 'quiet' }, `The first ${LIMIT} are shown. Search to see others.`),
  )
}

/** Typing searches after a moment; the address holds what was searched for. */
function toolbar(path, search, project) {
  let timer
  const go = () => {
    location.hash = `/${path}${queryOf({ search: searching.value, project: owner.value === 'default' ? '' : owner.value })}`
  }
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(go, 200)
  }
  const searching = h('input', { type: 'search', id: 'search', value: search, oninput: soon })
  const owner = h('input', { id: 'project', value: project, onchange: go })
  return h(
    'form',
    { class: 'toolbar', role: 'search', onsubmit: (event) => event.preventDefault() },
    field('Search', searching),
    field('Project', owner),
  )
}

function table(items, cellsOf) {
  const headings = ['Name', 'Newest', 'In production', 'About']
  return h(
    'table',
    { class: 'stacks' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        headings.map((text) => h('th', { scope: 'col' }, text)),
      ),
    ),
    h(
      'tbody',
      {},
      items.map((item) =>
        h(
          'tr',
          {},
          cellsOf(item).map((cell, place) => h('td', { 'data-heading': headings[place] }, cell)),
        ),
      ),
    ),
  )
}
