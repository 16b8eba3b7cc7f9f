import type { Row } from '../kinds/row.js'

/** The entity that the document has to belong to. */
export interface Owner {
  readonly kind: string
  readonly project: string
  readonly name: string
}

/**
 * Checks a document of a labelled kind that does not come from PostgreSQL: another client of Redis may have put anything under its key, and a
 * write may have been cut off.
 *
 * @throws {Error} that names the part that is wrong
 */
export function checkEntityDocument(raw: unknown, { kind, project, name }: Owner): void {
  const { labels, since, versions, contents, rollouts } = record(raw, 'the document')
  expect(since === undefined || isPositive(since), 'since')
  for (const version of Object.values(record(labels, 'labels'))) expect(isPositive(version), 'labels')
  for (const entry of list(versions, 'versions')) {
    const [version, id, isActive, createdAtMicros] = list(entry, 'versions')
    expect(isPositive(version) && isPositive(id) && typeof isActive === 'boolean' && Number.isSafeInteger(createdAtMicros), 'versions')
  }
  for (const row of list(contents, 'contents')) {
    const content = record(row, 'contents')
    expect(content.project === project && content.name === name, 'contents: they are of another name')
  }
  for (const row of list(rollouts, 'rollouts')) {
    const rollout = record(row, 'rollouts')
    expect(rollout.kind === kind && rollout.project === project && rollout.name === name, 'rollouts: they are of another name')
    expect(typeof rollout.id === 'string' && typeof rollout.label === 'string', 'rollouts')
    for (const arm of list(rollout.arms, 'rollouts')) expect(isPositive(record(arm, 'rollouts').version), 'rollouts')
  }
}

/** The same for the rules of a project. */
export function checkContextRules(raw: unknown, project: string): void {
  for (const row of list(record(raw, 'the document').rules, 'rules')) {
    const rule = record(row, 'rules')
    expect(rule.project === project && typeof rule.context === 'string', 'rules: they are of another project')
  }
}

/** The same for one version's row, which is cached under the row's id. */
export function checkRow(raw: unknown, id: number): Row {
  const row = record(raw, 'the content')
  expect(Number(row.id) === id, 'the content: it is of another row')
  return row
}

/** Refuses a decoded foreign row with an undefined field (its column was missing), or a template that does not fit its type. */
export function checkContent<Content extends object>(content: Content): Content {
  const fields = content as Readonly<Record<string, unknown>>
  for (const field in fields) {
    const value = fields[field]
    if (value === undefined || Number.isNaN(value)) expect(false, field)
  }
  const { type, template } = content as { type?: unknown; template?: unknown }
  if (template !== undefined)
    expect(type === 'chat' ? Array.isArray(template) : type === 'text' && typeof template === 'string', 'template')
  return content
}

function expect(isRight: boolean, part: string): asserts isRight {
  if (!isRight) throw new Error(`It is not a document of this name (${part}).`)
}

function record(value: unknown, part: string): Readonly<Record<string, unknown>> {
  expect(typeof value === 'object' && value !== null && !Array.isArray(value), part)
  return value as Readonly<Record<string, unknown>>
}

function list(value: unknown, part: string): readonly unknown[] {
  expect(Array.isArray(value), part)
  return value as readonly unknown[]
}

function isPositive(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}
