import { nearest } from '../shared/nearest.js'
import { FormatError } from './problem.js'
import type { YamlDocument } from './yaml-document.js'

const ALSO_CALLED: Readonly<Record<string, string>> = {
  templateFormat: 'format',
  config: 'parameters',
  text: 'template',
  prompt: 'template',
}

/** @throws {FormatError} with every key that no file of this kind has, and what was probably meant */
export function checkKnownKeys(document: YamlDocument, known: readonly string[]): void {
  const unknown = Object.keys(document.values).filter((key) => !known.includes(key))
  if (unknown.length === 0) return
  throw new FormatError(
    unknown.map((key) => {
      const other = ALSO_CALLED[key]
      const meant = nearest(key, known) ?? (other !== undefined && known.includes(other) ? other : undefined)
      const hint = meant === undefined ? `. Known are ${known.join(', ')}` : `: did you mean ${meant}?`
      return { ...document.placeOf([key]), message: `${key.slice(0, 60)} is not known here${hint}` }
    }),
  )
}
