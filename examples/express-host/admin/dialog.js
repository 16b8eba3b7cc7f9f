import { h } from './dom.js'

/**
 * Asks in a dialog. Escape and Cancel leave it; a problem is shown inside, so that nothing typed is lost.
 *
 * @param {{ title: string, text?: string, action: string, fields?: Node[], submit: () => Promise<unknown> }} options
 */
export function ask({ title, text, action, fields = [], submit }) {
  const problem = h('p', { class: 'problem', role: 'alert' })
  const confirm = h('button', { type: 'submit', class: 'primary' }, action)
  const opener = document.activeElement
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title' },
    h(
      'form',
      {
        onsubmit: async (event) => {
          event.preventDefault()
          confirm.disabled = true
          try {
            await submit()
            dialog.close()
          } catch (error) {
            problem.textContent = error.problem?.detail ?? 'The host does not answer.'
          }
          confirm.disabled = false
        },
      },
      h('h2', { id: 'dialog-title' }, title),
      text && h('p', {}, text),
      fields,
      problem,
      h('div', { class: 'actions' }, h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'), confirm),
    ),
  )
  dialog.addEventListener('close', () => {
    dialog.remove()
    // The view may have been drawn anew meanwhile: its button is another one of the same id.
    const back = opener?.isConnected ? opener : document.getElementById(opener?.id ?? '')
    back?.focus()
  })
  document.body.append(dialog)
  dialog.showModal()
  return dialog
}
