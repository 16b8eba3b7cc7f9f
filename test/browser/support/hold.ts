import type { Page } from 'playwright-core'

/** Answers that are held back. */
export interface Held {
  /** Whether a call has come. */
  isAsked(): boolean
  release(): void
}

/**
 * Holds answers back, as a slow line does: the host has given them, and the page has them when they are released.
 *
 * @param times how many calls are held; those after them pass. Infinity holds all of them until then
 */
export async function hold(page: Page, calls: RegExp, times = 1): Promise<Held> {
  let asked = 0
  let release = (): void => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  await page.route(
    calls,
    async (route) => {
      // The page may have given the call up, or be closed.
      const response = await route.fetch().catch(() => undefined)
      if (!response) return
      asked++
      await released
      await route.fulfill({ response }).catch(() => {})
    },
    { times },
  )
  return { isAsked: () => asked >= times, release }
}
