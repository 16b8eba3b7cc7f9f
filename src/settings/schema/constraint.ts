/** A rule of the schema: the words that follow "must", and a check where the schema's own message cannot be used. */
export interface Constraint {
  readonly text: string
  readonly holds?: (value: unknown) => boolean
}

/** A rule of valibot in words that follow "must": `be >= 5`, `have at least 20 characters`. Empty when there are none. */
export function constraintText(rule: string, requirement: unknown, type: string | undefined): string {
  const amount = AMOUNTS[rule]
  if (amount) return `have ${amount} ${String(requirement)} ${type === 'string' ? 'characters' : 'items'}`
  const comparison = COMPARISONS[rule]
  if (comparison) return `be ${comparison} ${requirement instanceof Date ? requirement.toISOString() : String(requirement)}`
  if (FORMATS[rule]) return `be ${FORMATS[rule]}`
  if (rule === 'multiple_of') return `be a multiple of ${String(requirement)}`
  if (rule === 'non_empty') return 'not be empty'
  if (rule === 'regex') return `match ${String(requirement)}`
  if (rule === 'starts_with') return `start with ${shownLiteral(requirement)}`
  if (rule === 'ends_with') return `end with ${shownLiteral(requirement)}`
  if (rule === 'includes') return `contain ${shownLiteral(requirement)}`
  if (rule === 'value') return `be ${shownLiteral(requirement)}`
  if (rule === 'not_value') return `not be ${shownLiteral(requirement)}`
  return rule === 'finite' || rule === 'safe_integer' ? `be a ${rule.replace('_', ' ')} number`.replace('integer number', 'integer') : ''
}

/** A literal of a schema as it is printed. JSON cannot write a bigint. */
export function shownLiteral(literal: unknown): string {
  return typeof literal === 'bigint' ? String(literal) : (JSON.stringify(literal) ?? String(literal))
}

const AMOUNTS: Readonly<Record<string, string>> = { min_length: 'at least', max_length: 'at most', length: 'exactly' }
const COMPARISONS: Readonly<Record<string, string>> = { min_value: '>=', max_value: '<=', gt_value: '>', lt_value: '<' }
const FORMATS: Readonly<Record<string, string>> = {
  url: 'a URL',
  uri: 'a URL',
  email: 'an e-mail address',
  uuid: 'a UUID',
  ip: 'an IP address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
}

/** The rules that a JSON Schema states, in the same words. */
export function jsonConstraints(schema: Readonly<Record<string, unknown>>): readonly Constraint[] {
  const type = schema.type === 'array' ? 'list' : 'string'
  return Object.entries(CHECKS).flatMap(([keyword, [rule, holds]]): Constraint[] => {
    const limit = schema[keyword]
    // The bounds of safe integers are not worth a line: every number that is read here is within them.
    if (limit === undefined || Math.abs(Number(limit)) === Number.MAX_SAFE_INTEGER) return []
    const text = constraintText(keyword === 'format' ? String(limit) : rule, limit, type)
    return text === '' ? [] : [{ text, holds: (value) => holds(value as never, limit as never) }]
  })
}

type Check = readonly [rule: string, holds: (value: never, limit: never) => boolean]
type Sized = { readonly length: number }
const CHECKS: Readonly<Record<string, Check>> = {
  minimum: ['min_value', (value: number, limit: number) => value >= limit],
  maximum: ['max_value', (value: number, limit: number) => value <= limit],
  exclusiveMinimum: ['gt_value', (value: number, limit: number) => value > limit],
  exclusiveMaximum: ['lt_value', (value: number, limit: number) => value < limit],
  multipleOf: ['multiple_of', (value: number, limit: number) => Number.isInteger(value / limit)],
  minLength: ['min_length', (value: Sized, limit: number) => value.length >= limit],
  maxLength: ['max_length', (value: Sized, limit: number) => value.length <= limit],
  minItems: ['min_length', (value: Sized, limit: number) => value.length >= limit],
  maxItems: ['max_length', (value: Sized, limit: number) => value.length <= limit],
  // Formats and patterns are not checked here: when no other rule is broken, the schema refused the value for this one.
  format: ['', () => false],
  pattern: ['regex', () => false],
}
