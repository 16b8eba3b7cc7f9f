import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/**
 * The machine's own Chromium: CHROMIUM_PATH, or where Debian and others put it.
 *
 * @throws {Error} when there is none; it says how to get it
 */
export function openChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM_PATH ?? PLACES.find((place) => existsSync(place))
  if (!executablePath) throw new Error(`No Chromium at ${PLACES.join(', ')}. Install it (apt-get install chromium), or set CHROMIUM_PATH.`)
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run']
  return chromium.launch({ executablePath, args })
}
