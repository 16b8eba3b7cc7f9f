import { isMergeToken } from '../language/merge-token.js'
import { booleanWord, commaItems, guess, looseNumber, readBigint, readDate, strictNumber } from '../language/read-text.js'
import { mapStructure } from '../language/structure.js'
import { isToken } from '../language/token.js'
import { isPlainTable } from '../tree/path.js'
import { type Shape, shapeAt } from './shape.js'

/** A variable's text as the schema wants it. Texts with a token wait until the token is resolved. */
export function readVariable(text: string, shape: Shape | undefined): unknown {
  return text.startsWith('@') && (isToken(text) || isMergeToken(text)) ? text : readByShape(text, shape)
}

/**
 * Reads a text as the type that the schema wants, whole or not at all: a text that is not of that type is returned as it is, for
 * the schema to refuse. Only where the schema does not say it is guessed.
 */
export function readByShape(text: string, shape: Shape | undefined): unknown {
  if (shape?.takesText) return text
  switch (shape?.kind) {
    case 'string':
      return text
    case 'number':
      return looseNumber(text) ?? text
    case 'boolean':
      return booleanWord(text) ?? text
    case 'bigint':
      return readBigint(text) ?? text
    case 'date':
      return readDate(text) ?? text
    case 'list':
      return readList(text, shape) ?? text
    case 'table':
      return readTable(text, shape) ?? text
    case 'literal':
      return readLiteral(text, shape.literals) ?? text
    case 'union':
      return readUnion(text, shape)
    default:
      return guess(text)
  }
}

/** A list may stand in brackets or be items with commas between them. */
function readList(text: string, shape: Shape): unknown {
  if (!text.trim().startsWith('[')) return commaItems(text)?.map((item, index) => readByShape(item, shapeAt(shape, [String(index)])))
  const list = readInside(text, shape)
  return Array.isArray(list) ? list : undefined
}

function readTable(text: string, shape: Shape): unknown {
  if (!text.trim().startsWith('{')) return undefined
  const table = readInside(text, shape)
  return isPlainTable(table) ? table : undefined
}

/** What stands in quotes is a string already, or one of the values that JSON has no other way to write. Everything else is read by its own shape. */
function readInside(text: string, shape: Shape): unknown {
  return mapStructure(text.trim(), (scalar, path) => {
    const item = shapeAt(shape, path)
    if (scalar.isQuoted) return item?.kind === 'date' || item?.kind === 'bigint' ? readByShape(scalar.text, item) : scalar.text
    return scalar.text === 'null' ? null : readByShape(scalar.text, item)
  })
}

function readLiteral(text: string, literals: readonly unknown[]): unknown {
  if (literals.includes(text)) return text
  const trimmed = text.trim()
  const readings = [trimmed, looseNumber(trimmed), booleanWord(trimmed), readBigint(trimmed)]
  return literals.find((literal) => readings.includes(literal as string))
}

/** The narrowest member that the text can be: a literal, a structure, a number, yes or no, text, a comma list. */
function readUnion(text: string, shape: Shape): unknown {
  const { options } = shape
  const allows = (kind: Shape['kind']) => options.some((option) => option.kind === kind)
  const literals = options.flatMap((option) => option.literals)
  const literal = readLiteral(text, literals)
  if (literal !== undefined) return literal
  const isStructure = /^\s*[[{]/.test(text) && (allows('list') || allows('table'))
  const structure = isStructure ? readInside(text, shape) : undefined
  if (structure !== undefined) return structure
  if (allows('number')) {
    const number = allows('string') ? strictNumber(text.trim()) : looseNumber(text)
    if (number !== undefined) return number
  }
  if (allows('boolean')) {
    const word = allows('string') && !/^(?:true|false)$/i.test(text.trim()) ? undefined : booleanWord(text)
    if (word !== undefined) return word
  }
  if (allows('string')) return text
  const list = options.find(({ kind }) => kind === 'list')
  return (list && readList(text, list)) ?? guess(text)
}
