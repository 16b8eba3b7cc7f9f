import { get, post, queryOf } from '../api.js'
import { ask } from '../dialog.js'
import { field, h, missing, select, toast, when } from '../dom.js'
import { KINDS, textOf } from '../kinds.js'
import { diffOf } from '../parts/diff.js'
import { rolloutCard, startRollout } from '../parts/rollout.js'

/** One name: its labels, versions, rollouts, and two versions side by side. */
export async function entity(path, name, { project = 'default', from, to, show }) {
  const { kind, one } = KINDS[path]
  const [{ items: found }, { items: rollouts }] = await Promise.all([
    get(`/${path}${queryOf({ project, name, active_only: false, limit: 1000, include: 'content' })}`),
    get(`/rollouts${queryOf({ kind, name, project, limit: 20 })}`),
  ])
  const versions = found.filter((item) => item.name === name)
  if (versions.length === 0)
    return missing('Not found', `There is no ${one} "${name}" in the project "${project}".`, h('a', { href: `#/${path}` }, 'Back'))
  const open = rollouts.filter((rollout) => rollout.status !== 'concluded')
  const shown = versions.find((item) => item.version === Number(show)) ?? versions[0]
  const context = { path, kind, name, project, versions, labels: labelsOf(versions) }
  const isPrompt = path === 'prompts'
  return h(
    'section',
    {},
    h('p', { class: 'crumb' }, h('a', { href: `#/${path}` }, KINDS[path].title)),
    h(
      'div',
      { class: 'heading' },
      h('h1', {}, name),
      h(
        'button',
        { type: 'button', id: 'start-rollout', disabled: versions.length < 2, onclick: () => startRollout(context) },
        'Start a rollout',
      ),
      isPrompt &&
        h('a', { class: 'button primary', href: `#/new-prompt/${encodeURIComponent(name)}${queryOf({ project })}` }, 'New version'),
    ),
    open.map((rollout) => rolloutCard(rollout, { isAlone: true })),
    labelTable(context),
    versionTable(context, shown),
    h('h2', { id: 'content' }, `Version ${shown.version}`),
    isPrompt &&
      shown.variables.length > 0 &&
      h(
        'p',
        {},
        'Variables: ',
        shown.variables.map((variable) => h('code', { class: 'chip' }, variable)),
      ),
    h('pre', { class: 'content', tabindex: '0', role: 'region', 'aria-labelledby': 'content' }, textOf(shown)),
    versions.length > 1 && (await comparison(context, from, to, shown.version)),
  )
}

function labelTable(context) {
  const { labels, path, name, project } = context
  if (labels.size === 0) return h('p', { class: 'quiet' }, 'No version carries a label: readers find none of them by label.')
  const rollBack = (label) => {
    const summary = h('input', { maxLength: 1000 })
    ask({
      title: `Roll back ${label}`,
      text: `The label ${label} of ${name} goes back to the version it was on before. A rollout on it is paused.`,
      action: 'Roll back',
      fields: [field('Why', summary)],
      submit: async () => {
        const { version } = await post(`/${path}/${encodeURIComponent(name)}/rollback`, { label, project, ...noteOf(summary) })
        toast(`${label} is on version ${version}.`)
      },
    })
  }
  return h(
    'ul',
    { class: 'labels', 'aria-label': 'Labels' },
    [...labels].map(([label, version]) =>
      h(
        'li',
        {},
        h('span', { class: `tag ${label === 'production' ? 'production' : ''}` }, label),
        ` on version ${version} `,
        h(
          'button',
          { type: 'button', id: `roll-back-${label}`, class: 'small', onclick: () => rollBack(label), 'aria-label': `Roll back ${label}` },
          'Roll back',
        ),
      ),
    ),
  )
}

function versionTable(context, shown) {
  const { versions, path, name, project } = context
  const address = (version) => `#/${path}/${encodeURIComponent(name)}${queryOf({ project, show: version })}`
  const headings = ['Version', 'Labels', 'Written', '']
  return h(
    'table',
    { class: 'stacks' },
    h('caption', {}, 'Versions'),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        headings.map((text) => (text ? h('th', { scope: 'col' }, text) : h('td', {}))),
      ),
    ),
    h(
      'tbody',
      {},
      versions.map((item) => {
        const isShown = item.version === shown.version
        return h(
          'tr',
          { class: item.is_active ? '' : 'inactive' },
          h(
            'td',
            { 'data-heading': 'Version' },
            h(
              'a',
              { id: `version-${item.version}`, href: address(item.version), ...(isShown && { 'aria-current': 'true' }) },
              `Version ${item.version}`,
            ),
          ),
          h(
            'td',
            { 'data-heading': 'Labels' },
            item.labels.map((label) => [h('span', { class: `tag ${label === 'production' ? 'production' : ''}` }, label), ' ']),
            item.is_active ? item.labels.length === 0 && quiet('none') : quiet('out of use'),
          ),
          h('td', { 'data-heading': 'Written' }, h('span', {}, when(item.created_at), item.created_by && ` by ${item.created_by}`)),
          h('td', {}, item.is_active && promoteButton(context, item.version)),
        )
      }),
    ),
  )
}

/** The label has to be where this page saw it: somebody else's promotion is not undone by accident. */
function promoteButton({ path, name, project, labels }, version) {
  const open = () => {
    const label = h('input', { value: 'production', required: true, maxLength: 36, list: 'known-labels' })
    const known = h(
      'datalist',
      { id: 'known-labels' },
      ['production', 'staging', ...labels.keys()].map((value) => h('option', { value })),
    )
    const summary = h('input', { maxLength: 1000 })
    ask({
      title: `Promote version ${version}`,
      text: 'Whoever asks for the label gets this version from now on.',
      action: 'Promote',
      fields: [field('Label', label), known, field('Why', summary)],
      submit: async () => {
        const expected = labels.get(label.value)
        await post(`/${path}/${encodeURIComponent(name)}/promote`, {
          version,
          label: label.value,
          project,
          ...(expected && { expected_version: expected }),
          ...noteOf(summary),
        })
        toast(`${label.value} is on version ${version}.`)
      },
    })
  }
  return h(
    'button',
    { type: 'button', id: `promote-${version}`, class: 'small', onclick: open, 'aria-label': `Promote version ${version}` },
    'Promote',
  )
}

async function comparison({ path, name, project, versions, labels }, from, to, shown) {
  const left = Number(from) || labels.get('production') || versions[1].version
  const right = Number(to) || (left === versions[0].version ? versions[1].version : versions[0].version)
  const numbers = versions.map((item) => ({ value: item.version, text: `Version ${item.version}` }))
  const [before, after] = [select(numbers, left), select(numbers, right)]
  for (const [control, id] of [
    [before, 'from'],
    [after, 'to'],
  ]) {
    control.id = id
    control.onchange = () => {
      location.hash = `/${path}/${encodeURIComponent(name)}${queryOf({ project, show: shown, from: before.value, to: after.value })}`
    }
  }
  const diff = await get(`/${path}/${encodeURIComponent(name)}/diff${queryOf({ project, from: left, to: right })}`)
  return h(
    'section',
    { 'aria-labelledby': 'compare' },
    h('h2', { id: 'compare' }, 'Compare'),
    h('div', { class: 'toolbar' }, field('From', before), field('To', after)),
    diffOf(diff, left, right),
  )
}

function quiet(text) {
  return h('span', { class: 'quiet' }, text)
}

function labelsOf(versions) {
  return new Map(
    versions
      .filter((item) => item.is_active)
      .flatMap((item) => item.labels.map((label) => [label, item.version]))
      .sort(),
  )
}

function noteOf(input) {
  return input.value.trim() === '' ? {} : { summary: input.value.trim() }
}
