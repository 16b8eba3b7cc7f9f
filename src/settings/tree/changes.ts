import type { SettingChange } from '../config.js'
import { redactedCopy, type Secrecy } from '../secrets/redacted-copy.js'
import { isSame } from './frozen-copy.js'
import { isPlainTable } from './path.js'

/** What differs between two snapshots, leaf by leaf, ready to be printed. */
export function changesBetween(from: unknown, to: unknown, secrets: Secrecy): readonly SettingChange[] {
  const changes: SettingChange[] = []
  const compare = (before: unknown, after: unknown, path: readonly string[]): void => {
    if (isSame(before, after)) return
    const isTable = isPlainTable(before) && isPlainTable(after)
    if (isTable) {
      for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) compare(before[key], after[key], [...path, key])
      return
    }
    const shown = (value: unknown) => (value === undefined ? undefined : redactedCopy(value, path, secrets))
    changes.push({ path: path.join('.'), from: shown(before), to: shown(after) })
  }
  compare(from, to, [])
  return changes
}
