import { InvalidArgumentError } from './errors.js'
import { nearest } from './nearest.js'

/** Words that people use for a key, where spelling alone does not lead to it. */
const ALSO_CALLED: Readonly<Record<string, readonly string[]>> = {
  changedBy: ['author', 'user', 'actor', 'createdBy', 'by'],
  coverage: ['percentage', 'percent'],
  embeddingModel: ['model'],
  label: ['labels', 'environment', 'stage'],
  labels: ['label', 'tags'],
  summary: ['message', 'reason', 'commitMessage', 'changeSummary'],
  template: ['content', 'prompt', 'text', 'messages'],
  templateFormat: ['format'],
  when: ['conditions'],
}

/** Longest key that an error repeats. */
const LONGEST = 60

/**
 * Refuses keys that a request does not have: what is misspelt would otherwise be left out without a word.
 *
 * @param field where the object stands in a request; empty for the request itself
 * @throws {InvalidArgumentError} that names the key, and the one that was probably meant
 */
export function checkKeys(request: unknown, known: readonly string[], field = ''): void {
  if (typeof request !== 'object' || request === null) {
    throw new InvalidArgumentError(field || 'request', `must be an object with ${known.join(', ')}`)
  }
  for (const [key, value] of Object.entries(request)) {
    if (value === undefined || known.includes(key)) continue
    const shown = key.length > LONGEST ? `${key.slice(0, LONGEST)}…` : key
    const meant = meantBy(key, known)
    throw new InvalidArgumentError(
      field === '' ? shown : `${field}.${shown}`,
      `is not known here${meant === undefined ? `. Known are ${known.join(', ')}` : `: did you mean ${meant}?`}`,
    )
  }
}

function meantBy(key: string, known: readonly string[]): string | undefined {
  return nearest(key, known) ?? known.find((name) => ALSO_CALLED[name]?.includes(key))
}
