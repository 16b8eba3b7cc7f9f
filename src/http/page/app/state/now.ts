import { signal } from '@preact/signals'

/** The time, as far as "2 h ago" needs it. */
export const now = signal(Date.now())
setInterval(() => {
  now.value = Date.now()
}, 20_000)
