import type { ChatMessageTemplate, TemplateFormat } from '../../entities/template.js'
import type { EntityContent } from '../../file-format/file-kind.js'
import type { ShapeType, VariableShape } from '../../file-format/picoschema.js'
import { parseTemplate } from '../../template/parse-template.js'

/** The lines of an object type, without its braces. */
export type TypeLines = readonly string[]

/**
 * What `compile` of a prompt takes: a property for each variable, with its type where the prompt's file declares it. A variable that the
 * template needs is required, whatever the file says.
 */
export function variableTypes(content: EntityContent, shapes: readonly VariableShape[] = []): TypeLines {
  const template = content.template as string | readonly ChatMessageTemplate[]
  const { variables, optionalVariables } = parseTemplate(template, content.templateFormat as TemplateFormat)
  const required = rootsOf(variables)
  const declared = new Map(shapes.map((shape) => [shape.name, shape]))
  const placeholders = new Set(
    typeof template === 'string' ? [] : template.flatMap((entry) => ('placeholder' in entry ? [entry.placeholder] : [])),
  )
  const names = new Set([...required.keys(), ...rootsOf(optionalVariables).keys(), ...declared.keys()])
  return inOrder([...names], (name) => name).flatMap((name) => {
    const shape = declared.get(name)
    const isRequired = required.has(name) || shape?.isOptional === false
    const type = shape ? typeOf(shape.type) : undeclaredType(required.get(name), placeholders.has(name))
    return [...comment(shape?.description), property(name, type, isRequired)]
  })
}

/** Messages are the caller's own, in the form of whatever provider. */
const MESSAGES = 'readonly object[]'

function undeclaredType(names: readonly string[] | undefined, isPlaceholder: boolean): string {
  if (isPlaceholder) return MESSAGES
  // What a section shows or hides may be anything.
  if (names === undefined) return 'unknown'
  return names.some((name) => !name.includes('.')) ? 'TemplateValue' : 'object'
}

/** Names by their first part: `user.name` is of `user`. */
function rootsOf(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const roots = new Map<string, string[]>()
  for (const name of names) {
    const root = name.split('.', 1)[0] as string
    roots.set(root, [...(roots.get(root) ?? []), name])
  }
  return roots
}

function typeOf(type: ShapeType): string {
  switch (type.form) {
    case 'integer':
      return 'number'
    case 'any':
      return 'TemplateValue'
    case 'enum':
      return type.values.length === 0 ? 'never' : type.values.map((value) => literal(value)).join(' | ')
    case 'array': {
      const items = typeOf(type.items)
      return /^[\w.]+$|^\{.*\}$/.test(items) ? `readonly ${items}[]` : `readonly (${items})[]`
    }
    case 'object':
      return objectType(type.properties, type.isOpen)
    default:
      return type.form
  }
}

function objectType(properties: readonly VariableShape[], isOpen: boolean): string {
  const said = properties.map(({ name, type, isOptional }) => property(name, typeOf(type), !isOptional))
  const all = [...said, ...(isOpen ? ['[field: string]: unknown'] : [])]
  return all.length === 0 ? '{}' : `{ ${all.join('; ')} }`
}

function property(name: string, type: string, isRequired: boolean): string {
  if (isRequired) return `${keyText(name)}: ${type}`
  return `${keyText(name)}?: ${type === 'unknown' ? type : `${type} | undefined`}`
}

/** A key of an object type. */
export function keyText(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name)
}

/** A literal type, in the quotes that formatters like. */
export function literal(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  const escaped = JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${escaped.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')}'`
}

/** A description as a comment of one line. */
export function comment(description: string | null | undefined): readonly string[] {
  const text = description?.replaceAll(/\s+/g, ' ').replaceAll('*/', '*\\/').trim()
  return text ? [`/** ${text} */`] : []
}

/** The same order on every machine, whatever its language. */
export function inOrder<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  return [...items].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : keyOf(one) > keyOf(other) ? 1 : 0))
}
