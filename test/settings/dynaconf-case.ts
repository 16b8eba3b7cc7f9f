import * as v from 'valibot'
import type { CreateConfigOptions, SettingsRule } from '../../src/settings/index.js'

/** One recorded run of Dynaconf. */
export interface DynaconfCase {
  readonly name: string
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly options: {
    readonly envvarPrefix: string | false
    readonly settingsFiles?: readonly string[]
    readonly secrets?: string
    readonly environments?: boolean
    readonly env?: string
    readonly loadDotenv?: boolean
    readonly ignoreUnknownEnvvars?: boolean
    readonly envSwitcher?: string
    readonly freshVars?: readonly string[]
    readonly defaults?: Readonly<Record<string, unknown>>
    readonly validators?: readonly Validator[]
  }
  readonly adopt: 'yes' | 'changed'
  readonly expect?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
  readonly ours?: Readonly<Record<string, unknown>>
  readonly currentEnv?: string
  readonly steps?: readonly Step[]
}

export interface Step {
  readonly setEnv?: Readonly<Record<string, string | null>>
  readonly writeFile?: Readonly<Record<string, string>>
  readonly reload?: boolean
  readonly keys: readonly string[]
  readonly expect?: Readonly<Record<string, unknown>>
}

interface Validator {
  readonly names: readonly string[]
  readonly mustExist?: boolean
  readonly default?: unknown
  readonly isTypeOf?: 'int' | 'float' | 'str'
  readonly cast?: 'str'
  readonly gte?: number
  readonly lte?: number
  readonly isIn?: readonly string[]
  readonly isNotIn?: readonly string[]
  readonly eq?: unknown
  readonly ne?: unknown
  readonly startswith?: string
  readonly lenMin?: number
  readonly when?: Validator
  readonly env?: string
  readonly messages?: Readonly<Record<string, string>>
}

/** The options that say the same to us as a case's options say to Dynaconf. */
export function optionsOf(example: DynaconfCase, root: string, env: Record<string, string | undefined>): CreateConfigOptions {
  const { options } = example
  const extra: Record<string, v.GenericSchema> = example.name === 'seed/debug-off-is-truthy-string' ? { DEBUG: v.boolean() } : {}
  const known = v.object({ A: v.any() })
  const schema = options.ignoreUnknownEnvvars ? known : schemaOf(options.validators ?? [], { ...options.defaults }, extra)
  return {
    root,
    env,
    files: options.settingsFiles ?? [],
    secretsFile: options.secrets ?? false,
    dotenv: options.loadDotenv ?? false,
    environmentVariable: options.envSwitcher ?? 'ENV_FOR_DYNACONF',
    defaultEnvironment: 'development',
    fresh: options.freshVars ?? [],
    rules: (options.validators ?? []).flatMap(rulesOf),
    onWarning: () => {},
    ...(options.env === undefined ? {} : { environment: options.env }),
    ...(options.envvarPrefix === false ? {} : { prefix: options.envvarPrefix }),
    ...(schema ? { schema } : {}),
  }
}

/** Validators of plain keys become a schema; what spans keys or holds in one environment becomes a rule. */
function schemaOf(
  validators: readonly Validator[],
  defaults: Record<string, unknown>,
  extra: Record<string, v.GenericSchema>,
): v.GenericSchema | undefined {
  const entries: Record<string, v.GenericSchema> = { ...extra }
  const nested: Record<string, Record<string, v.GenericSchema>> = {}
  for (const [name, value] of Object.entries(defaults)) entries[name] = v.optional(v.any(), value)
  for (const validator of validators.filter((one) => !one.when && !one.env && one.mustExist !== false)) {
    for (const name of validator.names) {
      const [head = '', tail] = name.split('.')
      if (tail !== undefined) nested[head] ??= {}
      const table = tail === undefined ? entries : (nested[head] ?? {})
      const key = tail ?? head
      // Two validators of one key are two schemas in one pipe.
      table[key] = table[key] ? v.pipe(table[key], ruleSchema(validator)) : ruleSchema(validator)
    }
  }
  for (const [name, table] of Object.entries(nested)) entries[name] = v.looseObject(table)
  return Object.keys(entries).length === 0 ? undefined : v.looseObject(entries)
}

function ruleSchema(validator: Validator): v.GenericSchema {
  const { cast, eq, gte, isIn, isNotIn, isTypeOf, lenMin, lte, ne, startswith } = validator
  let schema: v.GenericSchema = v.any()
  const text = isTypeOf === 'str' || cast === 'str' || startswith !== undefined || lenMin !== undefined
  if (isTypeOf === 'int') schema = v.pipe(v.number(), v.integer())
  else if (isTypeOf === 'float' || gte !== undefined || lte !== undefined) schema = v.number()
  else if (text) schema = v.string()
  if (gte !== undefined) schema = v.pipe(schema as v.GenericSchema<number>, v.minValue(gte))
  if (lte !== undefined) schema = v.pipe(schema as v.GenericSchema<number>, v.maxValue(lte))
  if (isIn) schema = v.picklist(isIn)
  if (isNotIn)
    schema = v.pipe(
      schema,
      v.check((value) => !isNotIn.includes(String(value))),
    )
  if (eq !== undefined)
    schema = v.pipe(
      schema,
      v.check((value) => value === eq),
    )
  if (ne !== undefined)
    schema = v.pipe(
      schema,
      v.check((value) => value !== ne),
    )
  if (startswith !== undefined) schema = v.pipe(schema as v.GenericSchema<string>, v.startsWith(startswith))
  if (lenMin !== undefined) schema = v.pipe(schema as v.GenericSchema<string>, v.minLength(lenMin))
  if (validator.default !== undefined) return v.optional(schema, validator.default)
  return validator.mustExist || text || isTypeOf ? schema : v.optional(schema)
}

function rulesOf(validator: Validator): SettingsRule[] {
  if (!validator.when && !validator.env && validator.mustExist !== false) return []
  return validator.names.map((path) => ({
    path,
    message: validator.mustExist === false ? 'cannot exist' : 'is required by a rule',
    check: (values) => Object.hasOwn(values, path) === (validator.mustExist ?? true),
    ...(validator.env === undefined ? {} : { environments: [validator.env] }),
    ...(validator.when ? { when: (values) => validator.when?.names.every((name) => values[name] === validator.when?.eq) ?? true } : {}),
  }))
}
