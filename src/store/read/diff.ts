import type { Json, JsonObject } from '../../entities/json.js'

export interface DiffLine {
  readonly type: 'same' | 'added' | 'removed'
  readonly text: string
}

export interface FieldDiff {
  readonly field: string
  readonly from: Json | undefined
  readonly to: Json | undefined
}

/** What differs between two versions. */
export interface ContentDiff {
  /** The template line by line; empty for kinds without one. Messages of a chat are written as `role: content`. */
  readonly lines: readonly DiffLine[]
  /** Every other field that differs. */
  readonly fields: readonly FieldDiff[]
}

/** @param lineField the field that is compared line by line */
export async function diffContents(from: JsonObject, to: JsonObject, lineField?: string): Promise<ContentDiff> {
  if (lineField === undefined) return { lines: [], fields: diffFields(from, to) }
  const { [lineField]: before, ...fieldsBefore } = from
  const { [lineField]: after, ...fieldsAfter } = to
  return { lines: await diffLines(linesOf(before), linesOf(after)), fields: diffFields(fieldsBefore, fieldsAfter) }
}

async function diffLines(from: readonly string[], to: readonly string[]): Promise<DiffLine[]> {
  // Loaded at the first comparison: few processes make one.
  const { diffArrays } = await import('diff')
  return diffArrays([...from], [...to]).flatMap((part) => {
    const type = part.added ? 'added' : part.removed ? 'removed' : 'same'
    return part.value.map((text) => ({ type, text }) as const)
  })
}

function diffFields(from: JsonObject, to: JsonObject): FieldDiff[] {
  const fields = [...new Set([...Object.keys(from), ...Object.keys(to)])]
  return fields
    .map((field) => ({ field, from: ownValue(from, field), to: ownValue(to, field) }))
    .filter((difference) => canonical(difference.from) !== canonical(difference.to))
}

/** A field of a host's kind may be called `constructor`. */
function ownValue(content: JsonObject, field: string): Json | undefined {
  return Object.hasOwn(content, field) ? content[field] : undefined
}

function linesOf(template: Json | undefined): readonly string[] {
  if (template === undefined) return []
  if (typeof template === 'string') return template.split(/\r?\n/)
  return (template as readonly { role?: string; content?: string; placeholder?: string }[]).flatMap((message) =>
    message.placeholder === undefined ? `${message.role}: ${message.content}`.split(/\r?\n/) : [`{${message.placeholder}}`],
  )
}

/** JSON with keys in order: jsonb does not keep the order they were written in. */
function canonical(value: Json | undefined): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
