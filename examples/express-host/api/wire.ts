/** The API writes snake_case, the library camelCase. JSON that users stored is theirs: its keys stay as they are. */
const NESTED = new Set(['selection', 'ramp'])

type Snake<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${Snake<Rest>}`
  : Name

/** An object as it goes over the wire. */
export type Wire<Value> = { [Name in keyof Value & string as Snake<Name>]: Value[Name] }

export function toWire<Value extends object>(value: Value): Wire<Value> {
  const entries = Object.entries(value).filter(([, part]) => typeof part !== 'function' && part !== undefined)
  return Object.fromEntries(entries.map(([name, part]) => [toSnake(name), NESTED.has(name) ? toWire(part) : part])) as Wire<Value>
}

/** The same for a page of a list. */
export function toWirePage<Item extends object>(page: { readonly items: readonly Item[]; readonly cursor?: string }) {
  return { items: page.items.map((item) => toWire(item)), cursor: page.cursor ?? null }
}

/** Options for the library: camelCase, without what was left out. */
export function fromWire<Value extends object>(
  value: Value,
): { [Name in keyof Value & string as Camel<Name>]: Exclude<Value[Name], undefined> } {
  const entries = Object.entries(value).filter(([, part]) => part !== undefined)
  return Object.fromEntries(entries.map(([name, part]) => [toCamel(name), part])) as never
}

type Camel<Name extends string> = Name extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : Name

function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function toCamel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
