import type { JsonObject } from '../entities/json.js'
import type { ModelFallback } from '../entities/model-config.js'
import { InvalidArgumentError } from './errors.js'
import type { StandardSchema } from './standard-schema.js'

/** What a model definition says. */
export interface ModelDefinitionOptions<Parameters> {
  /** The configuration's name in the store. */
  readonly name: string
  /** Served while the store has no such configuration, and written by `models.ensure`. */
  readonly fallback: ModelFallback & { readonly fallbacks?: readonly ModelFallback[] }
  /** What parameters may be: a schema of valibot, zod or arktype, which has to validate synchronously. Without one, any are taken. */
  readonly parameters?: StandardSchema<unknown, Parameters>
}

/** A model configuration as the code that uses it knows it. */
export interface ModelDefinition<Parameters = unknown> extends ModelDefinitionOptions<Parameters> {}

/**
 * Names a model configuration in code: which model to use while the store has none, and which parameters make sense. A manager that
 * registered the definition refuses to give a label to a version whose parameters do not fit.
 *
 * @throws {InvalidArgumentError} when a name is empty, or the fallback's own parameters do not fit the schema
 *
 * @example
 * ```ts
 * const Summarizer = defineModel({
 *   name: 'summarizer',
 *   fallback: { provider: 'ollama', model: 'qwen3:14b', parameters: { temperature: 0 } },
 *   parameters: v.strictObject({ temperature: v.pipe(v.number(), v.maxValue(1)) }),
 * })
 * ```
 */
export function defineModel<Parameters = JsonObject>(options: ModelDefinitionOptions<Parameters>): ModelDefinition<Parameters> {
  const { name, fallback, parameters } = options
  checkName('name', name)
  if (typeof fallback !== 'object' || fallback === null)
    throw new InvalidArgumentError('fallback', 'must be { provider, model, parameters? }')
  checkName('fallback.provider', fallback.provider)
  checkName('fallback.model', fallback.model)
  if (parameters !== undefined && typeof parameters['~standard']?.validate !== 'function') {
    throw new InvalidArgumentError(
      'parameters',
      'must be a schema with the Standard Schema interface, of valibot, zod or arktype for example',
    )
  }
  const definition = Object.freeze({ name, fallback: Object.freeze({ ...fallback }), ...(parameters !== undefined && { parameters }) })
  const checked = checkedParameters(definition, fallback.parameters ?? {})
  if ('problem' in checked) throw new InvalidArgumentError('fallback.parameters', `do not fit the schema: ${checked.problem}`)
  return definition
}

/** Parameters as the definition's schema makes them, or what is wrong with them. */
export function checkedParameters<Parameters>(
  { name, parameters: schema }: ModelDefinition<Parameters>,
  given: JsonObject,
): { readonly value: Parameters } | { readonly problem: string } {
  if (schema === undefined) return { value: given as Parameters }
  const result = schema['~standard'].validate(given)
  if (result instanceof Promise) {
    result.catch(() => {})
    return { problem: `the schema of "${name}" validates asynchronously; use one that does not wait` }
  }
  if (result.issues === undefined) return { value: result.value }
  const problems = result.issues.map(({ message, path = [] }) => {
    const where = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return where === '' ? message : `${where}: ${message}`
  })
  return { problem: problems.slice(0, SHOWN_PROBLEMS).join('; ') }
}

const SHOWN_PROBLEMS = 10

function checkName(field: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw new InvalidArgumentError(field, 'must be a string that is not empty')
}
