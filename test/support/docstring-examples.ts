import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { CodeBlock } from './compile-blocks.js'

/** Which file exports a name. */
export type Exporters = ReadonlyMap<string, string>

/** The files that export each name, by the first that does. @param files TypeScript files, from the root */
export function exportersIn(root: string, files: readonly string[]): Exporters {
  const exporters = new Map<string, string>()
  for (const file of files) {
    const source = parse(file, readFileSync(join(root, file), 'utf8'))
    for (const statement of source.statements) {
      const isExported =
        ts.canHaveModifiers(statement) && ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
      if (!isExported) continue
      for (const name of declaredBy(statement)) if (!exporters.has(name)) exporters.set(name, file)
    }
  }
  return exporters
}

/**
 * The `ts` fences of a file's docstrings, each as a module that compiles by itself.
 *
 * An example names things and leaves out where they come from. So names this package exports are imported for it, and names
 * of `context` that it uses without declaring them are declared.
 *
 * @param context by name: the declaration an example may count on, as `declare const error: unknown`
 */
export function examplesOf(
  root: string,
  file: string,
  exporters: Exporters,
  context: Readonly<Record<string, string>>,
): readonly CodeBlock[] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n')
  const fences: { lines: number[]; text: string[] }[] = []
  let current: { lines: number[]; text: string[] } | undefined
  for (const [index, line] of lines.entries()) {
    const comment = /^\s*\* ?(.*)$/.exec(line)?.[1]
    if (comment === undefined) current = undefined
    else if (/^```ts\s*$/.test(comment)) {
      current = { lines: [], text: [] }
      fences.push(current)
    } else if (comment.startsWith('```')) current = undefined
    else if (current) {
      current.lines.push(index + 1)
      current.text.push(comment)
    }
  }
  return fences.map(({ lines: numbers, text }) => moduleOf(root, file, numbers, text, exporters, context))
}

/** Imports first, then the rest in a function, where an example may say `return`. Each line keeps its number. */
function moduleOf(
  root: string,
  file: string,
  numbers: readonly number[],
  text: readonly string[],
  exporters: Exporters,
  context: Readonly<Record<string, string>>,
): CodeBlock {
  const source = parse('example.ts', text.join('\n'))
  const imports = source.statements.filter(ts.isImportDeclaration)
  const lastImport = imports.length > 0 ? source.getLineAndCharacterOfPosition(imports.at(-1)!.end).line + 1 : 0
  const { used, declared } = namesIn(source)

  const prelude: string[] = []
  const provide = (name: string): void => {
    if (declared.has(name)) return
    declared.add(name)
    const exporter = exporters.get(name)
    if (context[name] !== undefined) {
      for (const needed of namesIn(parse('context.ts', context[name])).used) if (needed !== name) provide(needed)
      prelude.push(context[name])
    } else if (exporter) prelude.push(`import { ${name} } from '${join(root, exporter).replace(/ts$/, 'js')}'`)
  }
  for (const name of used) provide(name)

  const head = [...prelude, ...text.slice(0, lastImport), 'export async function example() {']
  const lineNumbers = [
    ...prelude.map(() => numbers[0]!),
    ...numbers.slice(0, lastImport),
    numbers[0]!,
    ...numbers.slice(lastImport),
    numbers.at(-1)!,
  ]
  return { page: file, lines: lineNumbers, text: [...head, ...text.slice(lastImport), '}'].join('\n') }
}

function namesIn(source: ts.SourceFile): { used: Set<string>; declared: Set<string> } {
  const used = new Set<string>()
  const declared = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && !isMemberName(node)) used.add(node.text)
    if (ts.isImportSpecifier(node) || ts.isNamespaceImport(node) || ts.isImportClause(node)) if (node.name) declared.add(node.name.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  for (const statement of source.statements) for (const name of declaredBy(statement)) declared.add(name)
  return { used, declared }
}

function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node
  return (ts.isPropertyAccessExpression(parent) && parent.name === node) || (ts.isPropertyAssignment(parent) && parent.name === node)
}

function declaredBy(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.flatMap(({ name }) => boundBy(name))
  const isNamed =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  return isNamed && statement.name ? [statement.name.text] : []
}

function boundBy(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text]
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? boundBy(element.name) : []))
}

function parse(name: string, text: string): ts.SourceFile {
  return ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true)
}
