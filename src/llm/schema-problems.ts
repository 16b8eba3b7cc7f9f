import type { SchemaIssue } from '../shared/standard-schema.js'

/** Issues as lines of text: `query_keys[1]: Expected string`. */
export function problemsOf(issues: readonly SchemaIssue[]): string[] {
  return issues.map((issue) => {
    const path = (issue.path ?? []).map((step) => (typeof step === 'object' ? (step.key as PropertyKey) : step))
    const place = path.reduce<string>(
      (text, key) => (typeof key === 'number' ? `${text}[${key}]` : text === '' ? String(key) : `${text}.${String(key)}`),
      '',
    )
    return place === '' ? issue.message : `${place}: ${issue.message}`
  })
}
