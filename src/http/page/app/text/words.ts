/** "2 h ago", "3 days ago"; in the future "now": clocks of machines differ. */
export function ago(iso: string, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - Date.parse(iso)) / 1000)
  if (seconds < 45) return 'now'
  if (seconds < 45 * 60) return `${Math.max(1, Math.round(seconds / 60))} min ago`
  if (seconds < 22 * 3600) return `${Math.round(seconds / 3600)} h ago`
  const days = Math.max(1, Math.round(seconds / 86_400))
  if (days < 14) return many(days, 'day')
  if (days < 60) return many(Math.round(days / 7), 'week')
  if (days < 700) return many(Math.round(days / 30.4), 'month')
  return many(Math.round(days / 365), 'year')
}

/** A number with thousands separated: 1,284. */
export function count(number: number): string {
  return number.toLocaleString('en')
}

/** "1 worker", "4 workers". */
export function counted(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** Percent with at most two decimals: "12.5 %". */
export function percent(share: number): string {
  return `${Math.round(share * 100) / 100} %`
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

function many(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? '' : 's'} ago`
}
