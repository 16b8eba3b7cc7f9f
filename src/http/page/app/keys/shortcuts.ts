import { signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { browserStorage } from '../state/storage.js'
import { openHelp } from './help-state.js'
import { openSearch } from './search-state.js'

/** Single keys can be switched off, for people whose speech or hands press them by accident. */
export const hasShortcuts = signal(browserStorage.get('shortcuts') !== 'off')

export function switchShortcuts(isOn: boolean): void {
  hasShortcuts.value = isOn
  browserStorage.set('shortcuts', isOn ? 'on' : 'off')
}

/** `/` search, `j` and `k` along rows, `?` help; the other keys press what carries `data-key`. */
export function useShortcuts(): void {
  useEffect(() => {
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}

function press(event: KeyboardEvent): void {
  if (!hasShortcuts.value || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
  if (isTyping(event.target) || document.querySelector('dialog[open]')) return
  if (!run(event.key)) return
  event.preventDefault()
}

function run(key: string): boolean {
  if (key === '/') openSearch()
  else if (key === '?') openHelp()
  else if (key === 'j' || key === 'k') step(key === 'j' ? 1 : -1)
  else {
    const control = document.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)
    control?.click()
    return control !== null
  }
  return true
}

/** To the next row. A version is shown at once; a name in a list is only focused, Enter opens it. */
function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')]
  const at = rows.indexOf(document.activeElement as HTMLElement)
  const from = at >= 0 ? at : rows.findIndex((row) => row.hasAttribute('aria-current'))
  const row = rows[Math.min(rows.length - 1, Math.max(0, from + by))]
  row?.focus()
  if (row?.dataset.row === 'open') row.click()
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('input:not([type=checkbox], [type=range]), select, textarea'))
  )
}
