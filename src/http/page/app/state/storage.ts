/** A browser's storage that never throws: blocked or full storage behaves like an empty one. */
export interface SafeStorage {
  get(key: string): string | undefined
  set(key: string, value: string): void
  remove(key: string): void
  keys(): readonly string[]
}

const PREFIX = 'agent-config:'

/** Lives as long as the tab, through reloads: the token and the drafts. */
export const tabStorage: SafeStorage = safe(() => sessionStorage)

/** Stays in this browser: preferences, and what was typed last into the playground. */
export const browserStorage: SafeStorage = safe(() => localStorage)

function safe(storage: () => Storage): SafeStorage {
  const attempt = <Value>(work: () => Value): Value | undefined => {
    try {
      return work()
    } catch {
      return undefined
    }
  }
  return {
    get: (key) => attempt(() => storage().getItem(PREFIX + key)) ?? undefined,
    set: (key, value) => attempt(() => storage().setItem(PREFIX + key, value)),
    remove: (key) => attempt(() => storage().removeItem(PREFIX + key)),
    keys: () => attempt(() => Object.keys(storage()).flatMap((key) => (key.startsWith(PREFIX) ? [key.slice(PREFIX.length)] : []))) ?? [],
  }
}
