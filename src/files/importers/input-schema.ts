import type { JsonObject } from '../../entities/json.js'
import type { TemplateFormat } from '../../entities/template.js'
import { readVariables } from '../../file-format/picoschema.js'
import { parseTemplate } from '../../template/parse-template.js'
import type { ImportedPrompt, ImportLoss } from './imported.js'
import { isObject } from './read.js'

const AS_CODE = 'types of variables are declared in code, with definePrompt(); defaults are given to compile()'

/**
 * What the file of an imported prompt declares of its variables, out of dotprompt's `input`. A variable that the template needs and the schema
 * does not have is added; one that the template does not use is left out, since `check` asks for declarations that are used.
 */
export function inputSchemaOf(
  path: string,
  input: unknown,
  { template, templateFormat }: ImportedPrompt,
  lose: (loss: ImportLoss) => void,
): JsonObject | undefined {
  if (input === undefined) return undefined
  const { schema, ...rest } = isObject(input) ? input : { rest: input }
  if (Object.keys(rest).length > 0) lose({ where: `${path}: input`, what: shown(rest), why: AS_CODE })
  if (schema === undefined) return undefined
  if (!isReadable(schema)) {
    lose({ where: `${path}: input.schema`, what: shown(schema), why: `it is no schema that stands in the file; ${AS_CODE}` })
    return undefined
  }
  const { variables, optionalVariables } = parseTemplate(template, templateFormat as TemplateFormat)
  const [needed, used] = [rootsOf(variables), new Set(rootsOf([...variables, ...optionalVariables]))]
  const isJsonSchema = schema.type === 'object'
  const given = (isJsonSchema ? (schema.properties ?? {}) : schema) as JsonObject
  const entries = Object.entries(given).filter(([key]) => used.has(nameOf(key)))
  for (const key of Object.keys(given))
    if (!used.has(nameOf(key)))
      lose({ where: `${path}: input.schema.${key}`, what: shown(given[key]), why: 'the template does not use it' })
  const missing = needed.filter((name) => !entries.some(([key]) => nameOf(key) === name))
  if (entries.length === 0) return undefined
  if (!isJsonSchema) return Object.fromEntries([...entries, ...missing.map((name) => [name, 'any'] as const)])
  const properties = Object.fromEntries([...entries, ...missing.map((name) => [name, {}] as const)])
  const required = Array.isArray(schema.required) ? schema.required : []
  return { type: 'object', properties, required: [...required.filter((name) => used.has(String(name))), ...missing] } as JsonObject
}

function isReadable(schema: unknown): schema is JsonObject {
  try {
    readVariables(schema, 'input.schema')
    return true
  } catch {
    return false
  }
}

/** The variable of a key of dotprompt's short form: `tags?(array, what it is about)` is of `tags`. */
function nameOf(key: string): string {
  return key.replace(/[?(].*$/s, '').trim()
}

function rootsOf(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((name) => name.split('.', 1)[0] as string))]
}

function shown(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 200)
}
