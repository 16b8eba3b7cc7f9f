import { compilePattern } from './pattern.js'

/** What is wrong with conditions: where, as a path from the conditions on, and what is expected there. */
export interface ConditionProblem {
  readonly path: string
  readonly expectation: string
}

/** The first thing that is wrong with conditions as a caller wrote them, or `undefined`. */
export function conditionProblem(conditions: unknown, path = '', depth = 0): ConditionProblem | undefined {
  if (depth > DEEPEST) return { path, expectation: `must not nest deeper than ${DEEPEST}` }
  if (!isRecord(conditions)) return { path, expectation: "must be an object, such as { plan: 'pro', age: { $gte: 18 } }" }
  for (const [key, value] of Object.entries(conditions)) {
    const problem = entryProblem(key, value, `${path}.${key}`, depth)
    if (problem !== undefined) return problem
  }
  return undefined
}

const DEEPEST = 20

function entryProblem(key: string, value: unknown, path: string, depth: number): ConditionProblem | undefined {
  switch (key) {
    case '$and':
    case '$or':
    case '$nor':
      if (!Array.isArray(value) || value.length === 0) return { path, expectation: 'must be a list of conditions that is not empty' }
      return firstProblem(value, path, (part, at) => conditionProblem(part, at, depth + 1))
    case '$not':
      return conditionProblem(value, path, depth + 1)
  }
  if (key.startsWith('$')) return { path, expectation: 'is no operator for conditions; known are $and, $or, $nor and $not' }
  return valueProblem(value, path, depth)
}

/** What an attribute is compared with: a value, or operators. */
function valueProblem(value: unknown, path: string, depth: number): ConditionProblem | undefined {
  if (depth > DEEPEST) return { path, expectation: `must not nest deeper than ${DEEPEST}` }
  if (!isRecord(value) || !Object.keys(value).some((key) => key.startsWith('$'))) return jsonProblem(value, path, depth)
  for (const [operator, operand] of Object.entries(value)) {
    const at = `${path}.${operator}`
    const check = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined
    if (check === undefined) return { path: at, expectation: `is no operator; known are ${Object.keys(OPERATORS).join(', ')}` }
    const problem = check(operand, at, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

type Check = (operand: unknown, path: string, depth: number) => ConditionProblem | undefined

const LONGEST_VERSION = 256

const TYPES: readonly unknown[] = ['string', 'number', 'boolean', 'array', 'object', 'null', 'undefined']

const ordered = expects('must be a number or a string', (operand) => typeof operand === 'string' || Number.isFinite(operand))
const version = expects(
  `must be a version of at most ${LONGEST_VERSION} characters, such as "1.2.3"`,
  (operand) => typeof operand === 'string' && operand.length <= LONGEST_VERSION,
)
const scalar: Check = (operand, path) =>
  operand === null || ['string', 'boolean'].includes(typeof operand) || Number.isFinite(operand)
    ? undefined
    : { path, expectation: 'must be a string, a number, true, false or null' }
const list: Check = (operand, path) =>
  Array.isArray(operand) ? firstProblem(operand, path, scalar) : { path, expectation: 'must be a list' }
const listOfConditions: Check = (operand, path, depth) =>
  Array.isArray(operand)
    ? firstProblem(operand, path, (part, at) => valueProblem(part, at, depth))
    : { path, expectation: 'must be a list' }
const pattern =
  (isCaseInsensitive: boolean): Check =>
  (operand, path) => {
    if (typeof operand !== 'string') return { path, expectation: 'must be a regular expression, as a string' }
    const compiled = compilePattern(operand, isCaseInsensitive)
    return typeof compiled === 'string' ? { path, expectation: compiled } : undefined
  }

const OPERATORS: { readonly [operator: string]: Check } = {
  $eq: scalar,
  $ne: scalar,
  $lt: ordered,
  $lte: ordered,
  $gt: ordered,
  $gte: ordered,
  $in: list,
  $nin: list,
  $ini: list,
  $nini: list,
  $all: listOfConditions,
  $alli: listOfConditions,
  $exists: expects('must be true or false', (operand) => typeof operand === 'boolean'),
  $regex: pattern(false),
  $regexi: pattern(true),
  $type: expects(`must be one of ${TYPES.join(', ')}`, (operand) => TYPES.includes(operand)),
  $size: (operand, path, depth) =>
    isRecord(operand) || Number.isSafeInteger(operand)
      ? valueProblem(operand, path, depth)
      : { path, expectation: 'must be a whole number, or operators' },
  $elemMatch: elementProblem,
  $not: valueProblem,
  $veq: version,
  $vne: version,
  $vgt: version,
  $vgte: version,
  $vlt: version,
  $vlte: version,
}

/** The operand of `$elemMatch`: operators on the element itself, or conditions on its fields. */
function elementProblem(operand: unknown, path: string, depth: number): ConditionProblem | undefined {
  if (!isRecord(operand)) return { path, expectation: 'must be an object of operators or conditions' }
  const keys = Object.keys(operand)
  const areOperators = keys.length > 0 && keys.every((key) => key.startsWith('$') && Object.hasOwn(OPERATORS, key))
  return areOperators ? valueProblem(operand, path, depth) : conditionProblem(operand, path, depth)
}

function jsonProblem(value: unknown, path: string, depth: number): ConditionProblem | undefined {
  if (depth > DEEPEST) return { path, expectation: `must not nest deeper than ${DEEPEST}` }
  if (Array.isArray(value)) return firstProblem(value, path, (part, at) => jsonProblem(part, at, depth + 1))
  if (!isRecord(value)) return scalar(value, path, depth)
  return firstProblem(Object.values(value), path, (part) => jsonProblem(part, path, depth + 1))
}

function expects(expectation: string, isFine: (operand: unknown) => boolean): Check {
  return (operand, path) => (isFine(operand) ? undefined : { path, expectation })
}

function firstProblem(
  parts: readonly unknown[],
  path: string,
  check: (part: unknown, path: string, depth: number) => ConditionProblem | undefined,
): ConditionProblem | undefined {
  for (const [index, part] of parts.entries()) {
    const problem = check(part, `${path}[${index}]`, 0)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** An object of JSON: dates, maps and class instances would not come back from the database as they are. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
