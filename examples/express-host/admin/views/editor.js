import { get, post, queryOf } from '../api.js'
import { field, h, select, toast } from '../dom.js'
import { addressOf, textOf } from '../kinds.js'

const CHECK_AFTER_MS = 200

/** A new prompt, or a new version of one. What is typed is checked while it is typed. */
export async function editor(name, { project = 'default' }) {
  const before = name && (await get(`/prompts/${encodeURIComponent(name)}${queryOf({ project, label: 'latest' })}`))
  const title = h('input', { id: 'name', required: true, maxLength: 255, value: name ?? '', readOnly: Boolean(name) })
  const type = select(['text', 'chat'], before?.type ?? 'text')
  const format = select(['f-string', 'mustache', 'raw'], before?.template_format ?? 'f-string')
  const template = h('textarea', { id: 'template', rows: 14, spellcheck: false, required: true, value: before ? textOf(before) : '' })
  const labels = h('input', { id: 'labels', value: 'staging' })
  const summary = h('input', { id: 'why', maxLength: 1000 })
  const finding = h('p', { id: 'finding', class: 'finding', role: 'status' })
  const save = h('button', { type: 'submit', class: 'primary', id: 'save' }, name ? 'Write version' : 'Create prompt')

  const parsed = () => (type.value === 'chat' ? JSON.parse(template.value) : template.value)
  const show = (isFine, ...text) => {
    finding.className = `finding ${isFine ? 'fine' : 'problem'}`
    finding.replaceChildren(...text)
    template.setAttribute('aria-invalid', String(!isFine))
  }
  let checking
  const check = async () => {
    checking?.abort()
    checking = new AbortController()
    if (template.value === '') return show(true, 'Nothing yet.')
    try {
      const { variables } = await post('/templates/check', { template: parsed(), template_format: format.value }, checking)
      show(
        true,
        ...(variables.length ? ['Variables: ', ...variables.map((variable) => h('code', { class: 'chip' }, variable))] : ['No variables.']),
      )
    } catch (error) {
      if (error.name === 'AbortError') return
      show(false, error.problem?.detail ?? (error instanceof SyntaxError ? `Not JSON: ${error.message}` : 'The host does not answer.'))
    }
  }
  let timer
  template.setAttribute('aria-describedby', 'finding')
  template.oninput = () => {
    clearTimeout(timer)
    timer = setTimeout(check, CHECK_AFTER_MS)
  }
  for (const control of [type, format]) control.onchange = check

  const submit = async (event) => {
    event.preventDefault()
    save.disabled = true
    try {
      const note = summary.value.trim() && { summary: summary.value.trim() }
      const draft = {
        name: title.value,
        project,
        template: parsed(),
        type: type.value,
        template_format: format.value,
        labels: labels.value.split(/[\s,]+/).filter(Boolean),
        ...note,
      }
      const { version } = await post(name ? `/prompts/${encodeURIComponent(name)}/versions` : '/prompts', draft)
      toast(`Version ${version} is written.`)
      location.hash = addressOf('prompts', title.value, project)
    } catch (error) {
      show(false, error.problem?.detail ?? String(error))
    }
    save.disabled = false
  }
  await check()
  return h(
    'section',
    {},
    h('p', { class: 'crumb' }, h('a', { href: name ? addressOf('prompts', name, project) : '#/prompts' }, name ?? 'Prompts')),
    h('h1', {}, name ? `New version of ${name}` : 'New prompt'),
    h(
      'form',
      { class: 'editor', onsubmit: submit },
      !name && field('Name', title),
      h(
        'div',
        { class: 'toolbar' },
        field('Type', type, 'A chat is a list of messages, as JSON.'),
        field('Format', format, 'How variables are written.'),
      ),
      field('Template', template),
      finding,
      h(
        'div',
        { class: 'toolbar' },
        field('Labels', labels, 'Point at this version from now on.'),
        field('Why', summary, 'For the changelog.'),
      ),
      h('div', { class: 'actions' }, save),
    ),
  )
}
