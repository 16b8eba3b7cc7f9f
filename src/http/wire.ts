/** Fields that hold objects of the library, whose keys are converted. JSON that users stored keeps its keys. */
const NESTED: ReadonlySet<string> = new Set(['selection', 'ramp', 'receipt', 'fallbacks', 'prices'])

/** An object as it goes over the wire: snake_case, without functions and what is undefined. */
export function toWire(value: object): Record<string, unknown> {
  const entries = Object.entries(value).filter(([, part]) => typeof part !== 'function' && part !== undefined)
  return Object.fromEntries(entries.map(([name, part]) => [toSnake(name), NESTED.has(name) ? nestedToWire(part) : part]))
}

function nestedToWire(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(nestedToWire)
  return typeof part === 'object' && part !== null ? toWire(part) : part
}

type Options<Value> = { readonly [Name in keyof Value & string as Camel<Name>]: Exclude<Value[Name], undefined> }

/** Of frozen objects: queries that the server keeps because they come over and over. */
const converted = new WeakMap<object, object>()

/** Options for the library: camelCase, without what was left out. */
export function fromWire<Value extends object>(value: Value): Options<Value> {
  const known = converted.get(value)
  if (known) return known as Options<Value>
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  const options = Object.fromEntries(entries.map(([name, part]) => [toCamel(name), part]))
  if (Object.isFrozen(value)) converted.set(value, Object.freeze(options))
  return options as Options<Value>
}

type Camel<Name extends string> = Name extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : Name

export function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function toCamel(name: string): string {
  return name.includes('_') ? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) : name
}
