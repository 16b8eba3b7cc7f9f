import type { SchemaIssue } from '../../shared/standard-schema.js'
import { unreadable } from '../language/structure.js'
import { constraintText } from '../schema/constraint.js'
import { pathOfIssue } from '../schema/schema-types.js'
import { type Shape, shapeAt } from '../schema/shape.js'
import { display, scrub } from '../secrets/redact.js'
import { displayText } from '../secrets/redacted-copy.js'
import type { SecretPaths } from '../secrets/secret-paths.js'
import { isPlainTable, valueAt } from '../tree/path.js'

/** What issues say beyond the Standard Schema interface: valibot's kind, type, expected and requirement, arktype's expected, zod's code. */
interface DetailedIssue extends SchemaIssue {
  readonly kind?: string
  readonly type?: string
  readonly expected?: string | null
  readonly requirement?: unknown
  readonly code?: unknown
}

/** The facts that an issue's text depends on. */
export interface IssueContext {
  readonly shape: Shape | undefined
  readonly plain: unknown
  readonly secrets: SecretPaths
  /** Every secret value, to be taken out of texts of other libraries. */
  readonly secretValues: readonly unknown[]
}

/**
 * An issue in our own words, built from path and expectation: the messages of schema libraries may print the value.
 *
 * @returns what follows the path: `must be >= 5, got 3`
 */
export function issueText(issue: SchemaIssue, context: IssueContext): string {
  const path = pathOfIssue(issue)
  const value = valueAt(context.plain, path)
  const shape = shapeAt(context.shape, path)
  const isSecret = context.secrets.has(path)
  const { kind, type = '', expected, requirement, code } = issue as DetailedIssue
  if (expected === 'never' || code === 'unrecognized_keys' || (expected === 'removed' && value !== undefined))
    return 'is not a known setting'
  if (context.shape && value === undefined && path.length > 0) return `is required (${shape?.type ?? expected ?? 'any'})`
  const got = `, got ${gotText(value, path, context)}`
  if (shape && !isOfKind(value, shape))
    return `must be ${withArticle(shape.type)}${got}${isStructured(shape) && !isSecret ? reasonOf(value) : ''}`
  if (kind === undefined) return foreignText(issue, { value, shape, isSecret, got }, context)
  if (!issue.message.startsWith('Invalid ')) return `${scrub(issue.message, context.secretValues)}${got}`
  // The output of a transformation has no shape; the issue itself says what it should have been.
  const wanted = shape === undefined || shape.kind === 'any' ? expected : shape.type
  if (kind === 'schema') return `must be ${withArticle(wanted ?? 'something else')}${got}`
  const text = constraintText(type, requirement, typeof value)
  const length = isSecret && typeof value === 'string' && type.endsWith('length') ? ` (${value.length} characters)` : ''
  return `${text === '' ? `is not accepted (${type})` : `must ${text}`}${got}${length}`
}

interface IssueFacts {
  readonly value: unknown
  readonly shape: Shape | undefined
  readonly isSecret: boolean
  readonly got: string
}

/** Of other libraries than valibot: in our words where the schema's description says what is broken, else in theirs without secrets. */
function foreignText(issue: SchemaIssue, { value, shape, isSecret, got }: IssueFacts, { secretValues }: IssueContext): string {
  const broken = shape?.constraints.find(({ holds }) => holds?.(value) === false)
  if (broken) {
    const length = isSecret && typeof value === 'string' && broken.text.startsWith('have ') ? ` (${value.length} characters)` : ''
    return `must ${broken.text}${got}${length}`
  }
  const { message } = issue
  const isSafe = !isSecret && secretValues.every((secret) => String(secret).length >= 4 || !message.includes(String(secret)))
  const text = isSafe ? scrub(message, secretValues) : 'is not accepted by the schema'
  if (value === undefined) return issue.path?.length ? `is required: ${text}` : text
  return `${isSafe ? `is not accepted: ${text}` : text}${got}`
}

/** A text is printed as a text, which may be a structure with secrets inside; nothing of a table or a list is printed. */
function gotText(value: unknown, path: readonly string[], { secrets }: IssueContext): string {
  return typeof value === 'string' ? displayText(value, path, secrets) : display(value, secrets.has(path))
}

const isStructured = ({ kind }: Shape): boolean => kind === 'table' || kind === 'list'

/** Why a text that should be a list or a table is none: ` that has a key twice`. */
function reasonOf(value: unknown): string {
  const problem = typeof value === 'string' ? unreadable(value) : undefined
  return problem === undefined ? '' : ` that ${problem}`
}

function isOfKind(value: unknown, { kind, literals, takesText, type }: Shape): boolean {
  if (takesText) return true
  switch (kind) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return typeof value === kind
    case 'number':
      return typeof value === 'number' && (type !== 'integer' || Number.isInteger(value))
    case 'literal':
      return literals.includes(value)
    case 'date':
      return value instanceof Date
    case 'list':
      return Array.isArray(value)
    case 'table':
      return isPlainTable(value)
    default:
      return true
  }
}

/** `an integer`, `a list`, but `one of "a", "b"`. */
function withArticle(type: string): string {
  if (type === 'boolean') return 'true or false'
  if (!/^[a-z_]+$/.test(type)) return type
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
}
