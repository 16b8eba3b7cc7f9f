import type { Json } from '../../entities/json.js'
import type { EntityContent } from '../../file-format/file-kind.js'
import type { VariableShape } from '../../file-format/picoschema.js'
import { comment, inOrder, keyText, literal, type TypeLines, variableTypes } from './variable-types.js'

/** One entity that the compiler is to know: a file of a folder is one, and so is a stored version. */
export interface TypedEntity {
  readonly kind: string
  readonly name: string
  readonly content: EntityContent
  /** What a prompt's file declares of its variables. */
  readonly variables?: readonly VariableShape[]
}

export interface TypedProject {
  readonly entities: readonly TypedEntity[]
  /** The labels that can be asked for. */
  readonly labels: readonly string[]
}

/** The first line of every generated file: a file without it is not overwritten. */
export const HEADER = '// Written by `npx agent-config types`. Change the configuration and run it again; do not edit.'

/** Groups whose names alone are declared, by kind. */
const NAMED: Readonly<Record<string, string>> = { model: 'models', embedding: 'embeddings', context_rules: 'contextRules' }

/**
 * The text of a module that augments `ConfigTypes` with what a project holds. The same project has the same text on every machine. A kind of
 * which there is nothing is left out, so that its names stay strings.
 */
export function printTypes({ entities, labels }: TypedProject): string {
  const known = inOrder(entities, ({ name }) => name)
  const of = (kind: string) => known.filter((entity) => entity.kind === kind)
  const groups = [
    ...(labels.length > 0 ? [`labels: ${union(labels)}`] : []),
    ...block('prompts', of('prompt').flatMap(promptLines)),
    ...Object.entries(NAMED).flatMap(([kind, group]) => names(group, of(kind))),
    ...block(
      'flags',
      of('flag').map(({ name, content }) => `${keyText(name)}: ${flagType(content.value)}`),
    ),
    ...block(
      'kinds',
      ownKinds(known).flatMap((kind) => names(keyText(kind), of(kind))),
    ),
  ]
  const body = indented(['interface ConfigTypes {', ...indented(groups), '}'])
  const imported = ['JsonObject', 'TemplateValue'].filter((type) =>
    body.some((line) => line.includes(`: ${type}`) || line.includes(`(${type}`)),
  )
  const head = imported.length > 0 ? `import type { ${imported.join(', ')} } from 'agent-config'` : 'export {}'
  return [HEADER, head, '', "declare module 'agent-config' {", ...body, '}', ''].join('\n')
}

function promptLines({ name, content, variables }: TypedEntity): TypeLines {
  const lines = variableTypes(content, variables)
  const type = typeof content.template === 'string' ? 'text' : 'chat'
  const said = lines.length === 0 ? ['variables: Record<string, never>'] : ['variables: {', ...indented(lines), '}']
  return [...comment(content.description as string | null), `${keyText(name)}: {`, ...indented([`type: '${type}'`, ...said]), '}']
}

function flagType(value: Json | undefined): string {
  return typeof value === 'object' ? 'JsonObject' : typeof value
}

function names(group: string, entities: readonly TypedEntity[]): TypeLines {
  return entities.length === 0 ? [] : [`${group}: ${union(entities.map(({ name }) => name))}`]
}

function union(names: readonly string[]): string {
  return inOrder([...new Set(names)], (name) => name)
    .map(literal)
    .join(' | ')
}

function block(group: string, lines: TypeLines): TypeLines {
  return lines.length === 0 ? [] : [`${group}: {`, ...indented(lines), '}']
}

function ownKinds(entities: readonly TypedEntity[]): readonly string[] {
  const kinds = new Set(entities.map(({ kind }) => kind))
  return inOrder(
    [...kinds].filter((kind) => kind !== 'prompt' && kind !== 'flag' && !(kind in NAMED)),
    (kind) => kind,
  )
}

function indented(lines: TypeLines): TypeLines {
  return lines.map((line) => `  ${line}`)
}
