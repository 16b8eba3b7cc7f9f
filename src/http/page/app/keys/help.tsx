import { Dialog } from '../parts/dialog.js'
import { isHelpOpen } from './help-state.js'
import { hasShortcuts, switchShortcuts } from './shortcuts.js'

const KEYS = [
  ['/', 'Search names and text'],
  ['j', 'Next version, or next row'],
  ['k', 'Version or row before'],
  ['e', 'Write a new version'],
  ['t', 'Try it in the playground'],
  ['n', 'New one, on a list'],
  ['Enter', 'Open the row'],
  ['Esc', 'Close or cancel'],
  ['?', 'This help'],
] as const

export function Help() {
  if (!isHelpOpen.value) return undefined
  const close = (): void => {
    isHelpOpen.value = false
  }
  return (
    <Dialog label="Keyboard" onClose={close}>
      <h2>Keyboard</h2>
      <dl class="keys">
        {KEYS.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input type="checkbox" checked={hasShortcuts.value} onChange={(event) => switchShortcuts(event.currentTarget.checked)} />
        <span>Single keys do something</span>
      </label>
      <div class="actions">
        <button type="button" class="primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  )
}
