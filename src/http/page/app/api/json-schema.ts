/** The parts of a JSON Schema that a form is made of. Whatever else a schema says, the API checks when it is written. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
}

/** One control of a form. */
export interface Control {
  readonly name: string
  readonly label: string
  readonly hint?: string
  readonly type: 'text' | 'integer' | 'number' | 'yes-no' | 'choice' | 'json'
  readonly options?: readonly string[]
  readonly isRequired: boolean
  readonly minimum?: number
  readonly maximum?: number
}

/** The controls for an object's schema, in its order; none when it describes no object: then its JSON is edited. */
export function controlsOf(schema: JsonSchema | undefined): readonly Control[] {
  if (schema?.type !== 'object' || !schema.properties) return []
  return Object.entries(schema.properties).map(([name, property]) => ({
    name,
    label: property.title ?? name,
    ...(property.description !== undefined && { hint: property.description }),
    ...typeOf(property),
    isRequired: schema.required?.includes(name) ?? false,
    ...(property.minimum !== undefined && { minimum: property.minimum }),
    ...(property.maximum !== undefined && { maximum: property.maximum }),
  }))
}

function typeOf({ type, enum: options }: JsonSchema): Pick<Control, 'type' | 'options'> {
  if (options?.every((option) => typeof option === 'string')) return { type: 'choice', options: options as readonly string[] }
  if (type === 'string') return { type: 'text' }
  if (type === 'integer' || type === 'number') return { type }
  if (type === 'boolean') return { type: 'yes-no' }
  return { type: 'json' }
}
