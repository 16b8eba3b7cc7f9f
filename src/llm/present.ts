/** The same object without the fields that are `undefined`. */
export function present<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  const kept: { [name: string]: unknown } = {}
  // A loop, which is three times as fast as a new list of entries: every call to a model passes here.
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) kept[name] = value
  return kept as never
}
