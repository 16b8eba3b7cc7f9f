/** Freezes a value parsed from JSON, and everything in it. Without recursion: plain SQL can store values of any depth. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value
  const waiting: object[] = [value]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (Object.isFrozen(next)) continue
    // Without a list of the parts: this runs for every document that is read.
    for (const key in next) {
      const part = (next as Record<string, unknown>)[key]
      if (typeof part === 'object' && part !== null) waiting.push(part)
    }
    Object.freeze(next)
  }
  return value
}
