/**
 * Makes an element. Children that are not nodes become text: nothing here is ever read as HTML.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [props] `on…` are listeners, `class` and what has a dash are attributes, the rest properties
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (name === 'class' || name === 'for' || name === 'role' || name === 'list' || name.includes('-'))
      element.setAttribute(name, value)
    else element[name] = value
  }
  append(element, children)
  return element
}

/** The same for drawings; everything is an attribute. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) element.setAttribute(name, value)
  append(element, children)
  return element
}

function append(element, children) {
  for (const child of children.flat(2)) if (child !== undefined && child !== null && child !== false) element.append(child)
}

/** A label and its field. */
export function field(text, control, hint) {
  control.id ||= `field-${text.toLowerCase().replace(/\W+/g, '-')}`
  const note = hint && h('small', { id: `${control.id}-hint` }, hint)
  if (note) control.setAttribute('aria-describedby', note.id)
  return h('div', { class: 'field' }, h('label', { for: control.id }, text), control, note)
}

export function select(options, chosen) {
  const list = options.map((option) => (typeof option === 'object' ? option : { value: option, text: String(option) }))
  return h(
    'select',
    {},
    list.map(({ value, text }) => h('option', { value: String(value), selected: String(value) === String(chosen) }, text)),
  )
}

/** A short message that goes away by itself; read out by screen readers. */
export function toast(text) {
  const message = h('p', { class: 'toast' }, text)
  document.getElementById('toasts').append(message)
  setTimeout(() => message.remove(), 6000)
}

/** Where a list would be. */
export function emptyState(title, text) {
  return h('div', { class: 'empty' }, h('h2', {}, title), h('p', {}, text))
}

/** A page that has nothing to show. */
export function missing(title, text, way) {
  return h('div', { class: 'empty' }, h('h1', {}, title), h('p', {}, text), way)
}

/** @param {'h1' | 'h2'} heading `h1` when it is all there is on the page */
export function errorState(error, retry, heading = 'h2') {
  const detail = error.problem?.detail ?? 'The host does not answer.'
  return h(
    'div',
    { class: 'empty error', role: 'alert' },
    h(heading, {}, error.problem?.title ?? 'No connection'),
    h('p', {}, detail),
    h('button', { type: 'button', onclick: retry }, 'Try again'),
  )
}

export function when(iso) {
  return h('time', { dateTime: iso, title: iso }, new Date(iso).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }))
}
