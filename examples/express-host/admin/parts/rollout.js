import { post } from '../api.js'
import { ask } from '../dialog.js'
import { field, h, select, toast } from '../dom.js'
import { addressOf } from '../kinds.js'
import { splitOf } from './split.js'

const PATHS = { prompt: 'prompts', model: 'models', embedding: 'embeddings' }

/** A rollout with its split and what can be done with it. `isAlone`: on the page of its own configuration. */
export function rolloutCard(rollout, { isAlone = false } = {}) {
  const { id, kind, name, project, label, status, coverage } = rollout
  const step = async (verb, body, text) => {
    await post(`/rollouts/${id}/${verb}`, body)
    toast(text)
  }
  const run = (work) => () => work().catch((error) => toast(error.problem?.detail ?? 'The host does not answer.'))
  const isOpen = status !== 'concluded'
  const title = `${label} of ${name}`
  return h(
    'article',
    { class: `card rollout ${status}`, 'aria-label': `Rollout on ${title}` },
    h(
      'div',
      { class: 'heading' },
      h('h2', {}, isAlone ? `Rollout on ${label}` : h('a', { href: addressOf(PATHS[kind], name, project) }, title)),
      h('span', { class: `tag ${status}` }, status),
    ),
    splitOf(rollout),
    isOpen && slider(rollout, run, step),
    isOpen &&
      h(
        'div',
        { class: 'actions' },
        status === 'running'
          ? h(
              'button',
              {
                type: 'button',
                id: `pause-${id}`,
                onclick: run(() => step('pause', {}, `Paused: everybody gets the version of ${label}.`)),
              },
              'Pause',
            )
          : h('button', { type: 'button', id: `pause-${id}`, onclick: run(() => step('resume', {}, 'The rollout goes on.')) }, 'Resume'),
        h('button', { type: 'button', id: `conclude-${id}`, onclick: () => conclude(rollout, step) }, 'Conclude'),
      ),
    rollout.winner && h('p', {}, `Version ${rollout.winner} won.`),
    !isOpen && !rollout.winner && h('p', { class: 'quiet' }, `Ended at ${coverage} % without a winner.`),
  )
}

/** Drawn while it moves, sent when it is let go. */
function slider({ id, coverage, ...rollout }, run, step) {
  const shown = h('output', {}, `${coverage} %`)
  const range = h('input', {
    type: 'range',
    id: `coverage-${id}`,
    min: '0',
    max: '100',
    step: '1',
    value: String(coverage),
    oninput: () => {
      shown.textContent = `${range.value} %`
      range
        .closest('article')
        .querySelector('.split')
        .replaceWith(splitOf({ ...rollout, coverage: Number(range.value) }))
    },
    onchange: run(async () => step('ramp', { coverage: Number(range.value) }, `The rollout covers ${range.value} % of subjects.`)),
  })
  return h('div', { class: 'slider' }, h('label', { for: range.id }, 'Subjects in the rollout'), range, shown)
}

function conclude({ arms, label, name }, step) {
  const winner = select(
    [
      { value: '', text: 'None: the label stays where it is' },
      ...arms.map(({ version }) => ({ value: version, text: `Version ${version}` })),
    ],
    '',
  )
  ask({
    title: 'Conclude the rollout',
    text: `The label ${label} of ${name} is promoted to the winner, and the rollout ends, in one transaction.`,
    action: 'Conclude',
    fields: [field('Winner', winner)],
    submit: () => step('conclude', winner.value ? { winner: Number(winner.value) } : {}, 'The rollout has ended.'),
  })
}

/** Asks for two versions and how many subjects: an A/B test at equal weights. */
export function startRollout({ kind, name, project, versions, labels }) {
  const active = versions.filter((item) => item.is_active).map(({ version }) => ({ value: version, text: `Version ${version}` }))
  const label = select([...new Set(['production', ...labels.keys()])], 'production')
  const own = labels.get('production') ?? active.at(-1)?.value
  const first = select(active, own)
  const second = select(active, active.find(({ value }) => value !== own)?.value)
  const share = h('input', { type: 'number', min: '0', max: '100', step: '1', value: '50', required: true })
  const coverage = h('input', { type: 'number', min: '0', max: '100', step: '0.01', value: '10', required: true })
  ask({
    title: 'Start a rollout',
    text: 'Callers go on asking for the label. Subjects in the rollout get one of two versions, always the same; the others get the version of the label.',
    action: 'Start',
    fields: [
      field('Label', label),
      field('First version', first),
      field('Second version', second),
      field('Share of the second version, in percent', share),
      field('Subjects in the rollout, in percent', coverage),
    ],
    submit: async () => {
      const arms = [
        { version: Number(first.value), weight: 100 - Number(share.value) },
        { version: Number(second.value), weight: Number(share.value) },
      ]
      await post('/rollouts', { kind, name, project, label: label.value, arms, coverage: Number(coverage.value) })
      toast('The rollout has started.')
    },
  })
}
