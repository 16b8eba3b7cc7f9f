import { computed, signal } from '@preact/signals'
import { queryOf } from '../api/call.js'

export const DEFAULT_PROJECT = 'default'

/** What the address bar says: `#/prompts/greeting/edit?v=3` has the path `['prompts', 'greeting', 'edit']`. */
export interface Address {
  readonly path: readonly string[]
  readonly query: Readonly<Record<string, string>>
}

const hash = signal(location.hash)
addEventListener('hashchange', () => {
  hash.value = location.hash
})

export const address = computed((): Address => {
  const [path = '', search = ''] = hash.value.replace(/^#\/?/, '').split('?', 2)
  return {
    path: path
      .split('/')
      .filter((part) => part !== '')
      .map(decode),
    query: Object.fromEntries(new URLSearchParams(search)),
  }
})

/** The address of a view: `hrefOf(['prompts', name], { v: 3 })`. */
export function hrefOf(path: readonly string[], query: Readonly<Record<string, string | number | undefined>> = {}): string {
  const { project, ...rest } = query
  const shown = project === DEFAULT_PROJECT ? rest : query
  return `#/${path.map(encodeURIComponent).join('/')}${queryOf(shown)}`
}

/** Goes there. With `replace` Back leads to where one was before, not here. */
export function go(href: string, options: { readonly replace?: boolean } = {}): void {
  if (options.replace) {
    history.replaceState(null, '', href)
    hash.value = location.hash
  } else location.hash = href
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
