import { problemAt } from './field-place.js'
import { checkContent, completed, type EntityContent, type KindOfFiles } from './file-kind.js'
import { checkKnownKeys } from './known-keys.js'
import { FormatError } from './problem.js'
import { type ParsedEntity, parsePrompt, printPrompt } from './prompt-file.js'
import { printYaml, YamlDocument } from './yaml-document.js'

/**
 * Reads the file of one entity. Line ends may be of any system.
 *
 * @throws {FormatError} with line and column of what cannot be read, is not known, or is not acceptable
 */
export function parseEntity(kind: KindOfFiles, text: string): ParsedEntity {
  const normal = text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n')
  return kind.kind === 'prompt' ? parsePrompt(kind, normal) : parseFields(kind, normal)
}

/** The text of an entity's file; with `before`, that file with another content: its comments and the order of its keys stay. */
export function printEntity(kind: KindOfFiles, content: EntityContent, before?: string): string {
  const normal = before?.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n')
  return kind.kind === 'prompt' ? printPrompt(kind, content, normal) : printFields(kind, content, normal)
}

function parseFields(kind: KindOfFiles, text: string): ParsedEntity {
  const document = new YamlDocument(text)
  const { values } = document
  checkKnownKeys(document, Object.keys(kind.fields))
  const problems = Object.entries(kind.fields).flatMap(([name, field]) => {
    if (values[name] === undefined && field.initial !== undefined) return []
    if (values[name] === undefined && !(name in values))
      return [{ line: 1, column: 1, message: `${name} is missing: a ${kind.noun} always has one` }]
    try {
      field.check(name, values[name])
      return []
    } catch (error) {
      return [problemAt(error, document)]
    }
  })
  if (problems.length > 0) throw new FormatError(problems)
  const content = completed(kind, values)
  try {
    checkContent(kind, content)
  } catch (error) {
    throw new FormatError([problemAt(error, document)])
  }
  return { content }
}

function printFields(kind: KindOfFiles, content: EntityContent, before?: string): string {
  const old = before === undefined ? undefined : readable(before)
  const said = Object.entries(content).filter(([name, value]) => {
    const { initial } = kind.fields[name] ?? {}
    return initial === undefined || (old !== undefined && name in old.values) || JSON.stringify(value) !== JSON.stringify(initial)
  })
  const values = Object.fromEntries(said)
  return old ? old.with(values) : printYaml(values)
}

function readable(text: string): YamlDocument | undefined {
  try {
    return new YamlDocument(text)
  } catch {
    return undefined
  }
}
