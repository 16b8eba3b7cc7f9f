import { signal } from '@preact/signals'

export const isSearchOpen = signal(false)

export function openSearch(): void {
  isSearchOpen.value = true
}
