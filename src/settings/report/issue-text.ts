import type { SchemaIssue } from '../../shared/standard-schema.js'
import { constraintText } from '../schema/constraint.js'
import { pathOfIssue } from '../schema/schema-types.js'
import { type Shape, shapeAt } from '../schema/shape.js'
import { display, scrub } from '../secrets/redact.js'
import { valueAt } from '../tree/path.js'

/** What valibot's issues say beyond the Standard Schema interface. */
interface DetailedIssue extends SchemaIssue {
  readonly kind?: string
  readonly type?: string
  readonly expected?: string | null
  readonly requirement?: unknown
}

/** What an issue's text depends on. */
export interface IssueContext {
  readonly shape: Shape | undefined
  readonly plain: unknown
  readonly isSecret: (path: readonly string[]) => boolean
  /** Every secret value, to be taken out of texts that somebody else wrote. */
  readonly secretValues: readonly unknown[]
}

/**
 * An issue in our own words, built from path and expectation: valibot's messages print the value.
 *
 * @returns what follows the path: `must be >= 5, got 3`
 */
export function issueText(issue: SchemaIssue, context: IssueContext): string {
  const path = pathOfIssue(issue)
  const value = valueAt(context.plain, path)
  const shape = shapeAt(context.shape, path)
  const isSecret = context.isSecret(path)
  if (context.shape === undefined) return foreignText(issue, value, isSecret, context)
  const { kind, type = '', expected, requirement } = issue as DetailedIssue
  if (value === undefined && path.length > 0) return `is required (${shape?.type ?? expected ?? 'any'})`
  if (expected === 'never') return 'is not a known setting'
  const got = `, got ${gotText(value, isSecret, type)}`
  if (!issue.message.startsWith('Invalid ')) return `${scrub(issue.message, context.secretValues)}${got}`
  if (kind === 'schema') return `must be ${withArticle(shape?.type ?? expected ?? 'something else')}${got}`
  const text = constraintText(type, requirement, typeof value)
  return text === '' ? `is not accepted (${type})${got}` : `must ${text}${got}`
}

function foreignText(issue: SchemaIssue, value: unknown, isSecret: boolean, context: IssueContext): string {
  const isSafe = !isSecret && context.secretValues.every((secret) => String(secret).length >= 4 || !issue.message.includes(String(secret)))
  const message = isSafe ? scrub(issue.message, context.secretValues) : 'is not accepted by the schema'
  if (value === undefined) return issue.path?.length ? `is required: ${message}` : message
  return `${isSecret || !isSafe ? message : `is not accepted: ${message}`}, got ${display(value, isSecret)}`
}

function gotText(value: unknown, isSecret: boolean, rule: string): string {
  const text = display(value, isSecret)
  return isSecret && typeof value === 'string' && rule.endsWith('length') ? `${text} (${value.length} characters)` : text
}

/** `an integer`, `a list`, but `one of "a", "b"`. */
function withArticle(type: string): string {
  if (type === 'boolean') return 'true or false'
  if (!/^[a-z_]+$/.test(type)) return type
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`
}
