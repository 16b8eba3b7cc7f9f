import type { CompileOptions } from '../entities/prompt.js'
import type { ChatMessage } from '../entities/template.js'
import { TemplateVariableError } from '../shared/errors.js'
import type { SchemaIssue } from '../shared/standard-schema.js'
import { type ParsedTemplate, parseTemplate } from './parse-template.js'
import type { PromptDefinition } from './prompt-definition.js'
import { requiredKeys, schemaKeys } from './schema-keys.js'
import type { TemplateValues } from './text-template.js'

/**
 * The variables a template needs and a definition does not give: those missing from its schema, and those its schema lets callers leave
 * out. Empty when all is well, and when the schema cannot be looked into.
 */
export function contractProblems(definition: PromptDefinition, template: Pick<ParsedTemplate, 'variables'>): string[] {
  const given = definition.variables && schemaKeys(definition.variables)
  if (given === undefined) return []
  // What is inside an object (`{{user.name}}`) is checked by the schema.
  return template.variables.filter((name) => !given.has(rootOf(name)))
}

/**
 * The variables that a definition requires of its callers and a template does not use, so that their values would be lost. Variables that
 * the definition's own fallback does not use either are not counted.
 */
export function droppedVariables(
  definition: PromptDefinition,
  template: Pick<ParsedTemplate, 'variables' | 'optionalVariables'>,
): string[] {
  const required = definition.variables && requiredKeys(definition.variables)
  if (required === undefined) return []
  const used = namesIn(template)
  const { fallback, templateFormat } = definition
  const usedByFallback = fallback === undefined ? undefined : namesIn(parseTemplate(fallback, templateFormat))
  return [...required].filter((name) => !used.has(name) && (usedByFallback === undefined || usedByFallback.has(name)))
}

function namesIn({ variables, optionalVariables }: Pick<ParsedTemplate, 'variables' | 'optionalVariables'>): ReadonlySet<string> {
  return new Set([...variables, ...optionalVariables].map(rootOf))
}

/** The variable of a dotted name. */
function rootOf(name: string): string {
  return name.split('.', 1)[0]!
}

/**
 * Renders a template with variables that the definition's schema has checked, and changed where it has defaults or transformations.
 *
 * @throws {TemplateVariableError} when the schema refuses the variables, or rendering does
 */
export function renderByContract(
  definition: PromptDefinition,
  template: ParsedTemplate,
  variables?: unknown,
  options?: CompileOptions,
): string | ChatMessage[] {
  return template.render(checkedVariables(definition, variables ?? {}) as TemplateValues, options)
}

/**
 * Variables as the definition's schema makes them.
 *
 * @throws {TemplateVariableError} when it refuses them
 */
export function checkedVariables(definition: PromptDefinition, variables: unknown): unknown {
  if (definition.variables === undefined) return variables
  const result = validated(definition, definition.variables['~standard'].validate, variables)
  if (result instanceof Promise) {
    result.catch(() => {})
    throw new TemplateVariableError(`The schema of "${definition.name}" validates asynchronously. Use one that does not wait.`, [])
  }
  if (result.issues === undefined) return result.value
  const names = new Set(result.issues.flatMap(variableOf))
  throw new TemplateVariableError(
    `The variables of "${definition.name}" do not fit its schema: ${result.issues.slice(0, SHOWN_ISSUES).map(issueText).join('; ')}.`,
    [...names],
  )
}

const SHOWN_ISSUES = 10

function validated<Result>(definition: PromptDefinition, validate: (value: unknown) => Result, variables: unknown): Result {
  try {
    return validate(variables)
  } catch (error) {
    throw new TemplateVariableError(`The schema of "${definition.name}" failed while it checked the variables.`, [], { cause: error })
  }
}

function pathOf(issue: SchemaIssue): string[] {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
}

function variableOf(issue: SchemaIssue): string[] {
  return pathOf(issue).slice(0, 1)
}

function issueText(issue: SchemaIssue): string {
  const path = pathOf(issue).join('.')
  return path === '' ? issue.message : `${path}: ${issue.message}`
}
