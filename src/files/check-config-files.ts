import type { FileProblem, FileSet } from '../file-format/folder/file-set.js'

export interface CheckReport {
  readonly ok: boolean
  /** Files that were read without a problem. */
  readonly checked: number
  /** In the order of their places. */
  readonly problems: readonly FileProblem[]
}

/**
 * Checks what can be checked without a database: syntax, fields, templates, variables, schemas of kinds, and names that differ
 * in case only.
 */
export function checkFiles(set: FileSet): CheckReport {
  const problems = [...set.problems, ...alikeButForCase(set)]
  problems.sort((one, other) => (one.path === other.path ? one.line - other.line : one.path < other.path ? -1 : 1))
  return { ok: problems.length === 0, checked: set.files.length, problems }
}

/** On file systems that tell no upper from lower case, one of two such files replaces the other. */
function alikeButForCase({ files }: FileSet): readonly FileProblem[] {
  const seen = new Map<string, string>()
  return files.flatMap(({ path }) => {
    const folded = path.normalize('NFC').toLowerCase()
    const first = seen.get(folded)
    seen.set(folded, path)
    if (first === undefined) return []
    return [{ path, line: 1, column: 1, message: `differs from ${first} in case only: on macOS and Windows one of the two would be lost` }]
  })
}
