/** Freezes a value parsed from JSON, and everything in it. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    // Without a list of the parts: this runs for every document that is read.
    for (const key in value) if (typeof value[key] === 'object') deepFreeze(value[key])
    Object.freeze(value)
  }
  return value
}
