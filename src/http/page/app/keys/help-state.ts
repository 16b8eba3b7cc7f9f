import { signal } from '@preact/signals'

export const isHelpOpen = signal(false)

export function openHelp(): void {
  isHelpOpen.value = true
}
