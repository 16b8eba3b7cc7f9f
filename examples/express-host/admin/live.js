import { openEvents } from './api.js'

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

/**
 * Follows the host's events for as long as the page is open, and connects again when they end.
 *
 * @param {(change: object | undefined) => void} onChange without a change after a pause, in which some may have been missed
 */
export async function follow(onChange) {
  for (let waitMs = FIRST_WAIT_MS, isFirst = true; ; ) {
    try {
      const reader = await openEvents()
      show('live', 'Live')
      waitMs = FIRST_WAIT_MS
      if (!isFirst) onChange(undefined)
      isFirst = false
      await read(reader, onChange)
    } catch {
      // Shown below, and tried again.
    }
    show('offline', 'Not connected')
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
  }
}

async function read(reader, onChange) {
  let text = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const events = (text + value).split('\n\n')
    text = events.pop()
    for (const event of events) {
      const [, data] = /^event: change\ndata: (.*)$/m.exec(event) ?? []
      if (data) onChange(JSON.parse(data))
    }
  }
}

function show(state, text) {
  const element = document.getElementById('live')
  element.dataset.state = state
  if (element.textContent !== text) element.textContent = text
}
