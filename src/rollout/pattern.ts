import type { RE2JS } from 're2js'

/**
 * Regular expressions of conditions: RE2, whose matching takes a time in proportion to the text, whatever the pattern. The engine is loaded
 * when the first condition needs it; `loadPatternEngine` has to have resolved before a pattern is compiled.
 *
 * @see docs/decisions/0040-linear-regular-expressions.md
 */
let engine: typeof RE2JS | undefined

/** Loads the engine once for the process. */
export async function loadPatternEngine(): Promise<void> {
  if (engine === undefined) engine = (await import('re2js')).RE2JS
}

export function isPatternEngineLoaded(): boolean {
  return engine !== undefined
}

/** Longest pattern, in UTF-16 units, and most instructions it may compile to: together with the longest text they bound the work. */
export const LONGEST_PATTERN = 1_000
const MOST_INSTRUCTIONS = 1_000

/** The compiled pattern, or what is wrong with it, as the end of a sentence. */
export function compilePattern(pattern: string, isCaseInsensitive: boolean): RE2JS | string {
  if (engine === undefined) throw new Error('The engine for $regex was not loaded: await loadPatternEngine() before conditions are read.')
  if (pattern.length > LONGEST_PATTERN) return `must have at most ${LONGEST_PATTERN} characters`
  try {
    const compiled = engine.compile(pattern, isCaseInsensitive ? engine.CASE_INSENSITIVE : 0)
    return compiled.programSize() > MOST_INSTRUCTIONS ? 'is too large: write fewer or smaller repetitions such as {1,100}' : compiled
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error)
    return `must be a regular expression in RE2 syntax, which has no lookaround and no backreferences (${reason})`
  }
}
