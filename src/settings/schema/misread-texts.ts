import type { SchemaIssue } from '../../shared/standard-schema.js'
import { looseNumber, readBigint, readDate } from '../language/read-text.js'
import { itemsOf } from '../tree/items.js'
import { childShape, type Shape } from './shape.js'

/**
 * The texts that are no value of the type which the schema wants. Most schemas refuse them; one that converts (`z.coerce.boolean()`) makes
 * something else of them: true of "false" in a file, 0 of "", March 2 of "2021-02-30".
 */
export function misreadTexts(value: unknown, shape: Shape | undefined, path: readonly string[] = []): readonly SchemaIssue[] {
  if (!shape) return []
  if (typeof value === 'string') return isReadAs(value, shape) ? [] : [{ path, message: 'it is none of the types that the schema takes' }]
  return itemsOf(value).flatMap(([key, item]) => misreadTexts(item, childShape(shape, key), [...path, key]))
}

function isReadAs(text: string, { kind, options, takesText }: Shape): boolean {
  if (takesText) return true
  switch (kind) {
    case 'boolean':
      return false
    case 'number':
      return looseNumber(text) !== undefined
    case 'bigint':
      return readBigint(text) !== undefined
    case 'date':
      return readDate(text) !== undefined
    case 'union':
      return options.some((option) => isReadAs(text, option))
    default:
      return true
  }
}
