import { isRecord } from './condition-problem.js'
import { paddedVersion } from './padded-version.js'
import { compilePattern } from './pattern.js'

/** Whether a value fulfils a part of conditions. Throws `TooMuchWork` when the evaluation would take too long. */
export type ConditionTest = (value: unknown, work: Work) => boolean

/** The steps one evaluation may still take: list elements and fields that are looked at, characters that are matched, hundreds that are compared. */
export class Work {
  #stepsLeft = 100_000

  take(steps: number): void {
    this.#stepsLeft -= steps
    if (this.#stepsLeft < 0) throw new TooMuchWork()
  }
}

/** Thrown when evaluating the conditions on these attributes would exceed the step limit. */
export class TooMuchWork extends Error {}

/**
 * Makes a function of conditions in which `conditionProblem` finds nothing wrong. It answers as GrowthBook's evaluator does, whose answers
 * the tests compare, but own properties alone count, patterns are RE2's, and texts for patterns and versions have a longest length.
 *
 * @see https://docs.growthbook.io/lib/build-your-own#evaluating-conditions
 */
export function conditionTest(conditions: Record<string, unknown>): ConditionTest {
  return allOf(Object.entries(conditions).map(([key, value]) => entryTest(key, value)))
}

/** Longest attribute that is matched with a pattern or compared as a version, in UTF-16 units. A longer one fulfils no conditions at all. */
export const LONGEST_ATTRIBUTE = 2_048

function entryTest(key: string, value: unknown): ConditionTest {
  switch (key) {
    case '$and':
      return allOf(conditionsIn(value))
    case '$or':
      return anyOf(conditionsIn(value))
    case '$nor':
      return not(anyOf(conditionsIn(value)))
    case '$not':
      return not(conditionTest(value as Record<string, unknown>))
  }
  const path = key.split('.')
  const test = valueTest(value, false)
  return (attributes, work) => test(valueAt(attributes, path), work)
}

function conditionsIn(list: unknown): ConditionTest[] {
  return (list as Record<string, unknown>[]).map(conditionTest)
}

/** A value to be equal to, loosely as JavaScript's `==` is for scalars, or operators. */
function valueTest(expected: unknown, isCaseInsensitive: boolean): ConditionTest {
  if (typeof expected === 'string') {
    const lower = expected.toLowerCase()
    return isCaseInsensitive
      ? (value, work) => String(counted(value, work)).toLowerCase() === lower
      : (value, work) => `${typeof value === 'string' ? value : counted(value, work)}` === expected
  }
  if (typeof expected === 'number') return (value, work) => Number(counted(value, work)) === expected
  if (typeof expected === 'boolean') return (value) => value !== null && Boolean(value) === expected
  if (expected === null) return (value) => value === null
  if (isRecord(expected) && Object.keys(expected).some((key) => key.startsWith('$'))) return operatorsTest(expected)
  const text = JSON.stringify(expected)
  return (value, work) => JSON.stringify(counted(value, work)) === text
}

/** Characters that are read at the price of one list element. */
const CHARACTERS_PER_STEP = 100

/** The value, once the steps are taken that it costs to read it to its end: its characters, or all that it holds. */
function counted(value: unknown, work: Work): unknown {
  if (typeof value === 'string') work.take(value.length / CHARACTERS_PER_STEP)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) work.take(value.length)
  for (const part of Object.values(value)) {
    work.take(1)
    counted(part, work)
  }
  return value
}

function operatorsTest(operators: Readonly<Record<string, unknown>>): ConditionTest {
  return allOf(Object.entries(operators).map(([operator, operand]) => OPERATORS[operator]!(operand)))
}

const OPERATORS: { readonly [operator: string]: (operand: unknown) => ConditionTest } = {
  $eq: (operand) => (value) => value === operand,
  $ne: (operand) => (value) => value !== operand,
  $lt: (operand) => (value, work) => (counted(value, work) as string) < (operand as string),
  $lte: (operand) => (value, work) => (counted(value, work) as string) <= (operand as string),
  $gt: (operand) => (value, work) => (counted(value, work) as string) > (operand as string),
  $gte: (operand) => (value, work) => (counted(value, work) as string) >= (operand as string),
  $in: (operand) => isIn(operand as unknown[], (value) => value),
  $nin: (operand) => not(isIn(operand as unknown[], (value) => value)),
  $ini: (operand) => isIn(operand as unknown[], folded),
  $nini: (operand) => not(isIn(operand as unknown[], folded)),
  $all: (operand) => hasAll(operand as unknown[], false),
  $alli: (operand) => hasAll(operand as unknown[], true),
  $exists: (operand) => (value) => ((value ?? null) !== null) === operand,
  $regex: (operand) => matches(operand as string, false),
  $regexi: (operand) => matches(operand as string, true),
  $type: (operand) => (value) => typeName(value) === operand,
  $size: (operand) => {
    const test = valueTest(operand, false)
    return (value, work) => Array.isArray(value) && test(value.length, work)
  },
  $elemMatch: hasElement,
  $not: (operand) => not(valueTest(operand, false)),
  $veq: (operand) => version(operand, (one, other) => one === other),
  $vne: (operand) => version(operand, (one, other) => one !== other),
  $vgt: (operand) => version(operand, (one, other) => one > other),
  $vgte: (operand) => version(operand, (one, other) => one >= other),
  $vlt: (operand) => version(operand, (one, other) => one < other),
  $vlte: (operand) => version(operand, (one, other) => one <= other),
}

/** `$in`: a list attribute matches when it shares an element with the operand, any other value when it is one of its elements. */
function isIn(operand: readonly unknown[], form: (value: unknown, work: Work) => unknown): ConditionTest {
  const expected = new Set(operand.map((value) => form(value, new Work())))
  return (value, work) => {
    if (!Array.isArray(value)) return expected.has(form(value, work))
    work.take(value.length)
    return value.some((element) => expected.has(form(element, work)))
  }
}

function hasAll(operand: readonly unknown[], isCaseInsensitive: boolean): ConditionTest {
  const tests = operand.map((expected) => valueTest(expected, isCaseInsensitive))
  return (value, work) => Array.isArray(value) && tests.every((test) => someElement(value, test, work))
}

/** `$elemMatch`: operators test the element itself, other conditions its fields. An element that is null never matches. */
function hasElement(operand: unknown): ConditionTest {
  const expected = operand as Record<string, unknown>
  const keys = Object.keys(expected)
  const areOperators = keys.length > 0 && keys.every((key) => key.startsWith('$') && Object.hasOwn(OPERATORS, key))
  const test = areOperators ? valueTest(expected, false) : conditionTest(expected)
  return (value, work) => Array.isArray(value) && someElement(value, (element) => (element ?? null) !== null && test(element, work), work)
}

function someElement(list: readonly unknown[], test: ConditionTest, work: Work): boolean {
  return list.some((element) => {
    work.take(1)
    return test(element, work)
  })
}

function matches(pattern: string, isCaseInsensitive: boolean): ConditionTest {
  const compiled = compilePattern(pattern, isCaseInsensitive)
  if (typeof compiled === 'string') throw new Error(compiled)
  return (value, work) => compiled.test(boundedText(String(counted(value, work)), work))
}

function version(operand: unknown, compare: (one: string, other: string) => boolean): ConditionTest {
  const expected = paddedVersion(operand)
  return (value, work) => compare(paddedVersion(typeof value === 'string' ? boundedText(value, work) : counted(value, work)), expected)
}

function boundedText(text: string, work: Work): string {
  if (text.length > LONGEST_ATTRIBUTE) throw new TooMuchWork()
  work.take(1 + text.length)
  return text
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function folded(value: unknown, work: Work): unknown {
  return typeof value === 'string' ? (counted(value, work) as string).toLowerCase() : value
}

function valueAt(attributes: unknown, path: readonly string[]): unknown {
  let value = attributes
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

function allOf(tests: readonly ConditionTest[]): ConditionTest {
  return (value, work) => tests.every((test) => test(value, work))
}

function anyOf(tests: readonly ConditionTest[]): ConditionTest {
  return (value, work) => tests.some((test) => test(value, work))
}

function not(test: ConditionTest): ConditionTest {
  return (value, work) => !test(value, work)
}
