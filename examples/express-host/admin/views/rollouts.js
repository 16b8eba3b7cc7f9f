import { get, queryOf } from '../api.js'
import { emptyState, field, h, select } from '../dom.js'
import { rolloutCard } from '../parts/rollout.js'

/** Every rollout of every project, those that run first. */
export async function rollouts({ status = '' }) {
  const { items } = await get(`/rollouts${queryOf({ status, limit: 100 })}`)
  const order = ['running', 'paused', 'concluded']
  const sorted = items.toSorted((one, other) => order.indexOf(one.status) - order.indexOf(other.status))
  const filter = select([{ value: '', text: 'all' }, ...order], status)
  filter.onchange = () => {
    location.hash = `/rollouts${queryOf({ status: filter.value })}`
  }
  return h(
    'section',
    {},
    h('div', { class: 'heading' }, h('h1', {}, 'Rollouts')),
    h('div', { class: 'toolbar' }, field('Status', filter)),
    sorted.length === 0
      ? emptyState('No rollouts', 'Start one on the page of a prompt or a model.')
      : h(
          'div',
          { class: 'cards' },
          sorted.map((rollout) => rolloutCard(rollout)),
        ),
  )
}
