import { get, post } from '../api.js'
import { errorState, field, h, select, toast } from '../dom.js'
import { chart } from '../parts/chart.js'

const EVERY_MS = 2_000
const KEPT = 60
const history = []

/** How the caches of the worker do that answers; asked again for as long as the page is shown. */
export async function caches() {
  const figures = h('div', {})
  const section = h('section', {}, h('div', { class: 'heading' }, h('h1', {}, 'Caches')), figures, refresher())
  const look = async () => {
    history.push(await get('/cache/stats'))
    if (history.length > KEPT) history.shift()
    figures.replaceChildren(...draw(history))
  }
  await look()
  const timer = setInterval(async () => {
    if (!section.isConnected) return clearInterval(timer)
    await look().catch((error) => figures.replaceChildren(errorState(error, look)))
  }, EVERY_MS)
  return section
}

function draw(all) {
  const newest = all.at(-1)
  const percent = (ratio) => `${Math.round(ratio * 1000) / 10} %`
  const facts = {
    Revision: newest.revision ?? 'not known',
    'Documents in memory': `${newest.memory.entries} (${Math.ceil(newest.memory.bytes / 1024)} KiB)`,
    'Loads from PostgreSQL': newest.database.loads,
    PostgreSQL: newest.database.state,
    Redis: newest.redis.state,
    'Keys in Redis': newest.connected ? newest.cached_keys : 'none',
    'Memory of Redis': newest.used_memory ?? 'not known',
    Worker: newest.worker,
  }
  return [
    h(
      'div',
      { class: 'cards' },
      chart(
        'Hits in memory',
        all.map((stats) => stats.hit_ratio.memory ?? undefined),
        { most: 1, text: percent },
      ),
      chart(
        'Hits in Redis',
        all.map((stats) => stats.hit_ratio.redis ?? undefined),
        { most: 1, text: percent },
      ),
      chart(
        'Revisions behind',
        all.map((stats) => stats.lag),
        { text: String },
      ),
    ),
    h(
      'dl',
      { class: 'facts' },
      Object.entries(facts).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, String(value)))),
    ),
  ]
}

function refresher() {
  const kind = select(['all', 'prompt', 'model', 'embedding', 'context_rules'], 'all')
  const refresh = async (event) => {
    event.preventDefault()
    try {
      await post('/cache/refresh', { config_type: kind.value })
      toast('Every worker loads that kind anew.')
    } catch (error) {
      toast(error.problem?.detail ?? 'The host does not answer.')
    }
  }
  return h('form', { class: 'toolbar', onsubmit: refresh }, field('Load anew', kind), h('button', { type: 'submit' }, 'Refresh'))
}
