import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'

/** One TypeScript file and everything it imports, types included. Paths are relative to the root, with slashes. */
export interface SourceFile {
  readonly path: string
  /** Other files of the tree. */
  readonly files: readonly string[]
  /** npm packages, without the part after their name. */
  readonly packages: readonly string[]
  /** Node's own modules, with `node:`. */
  readonly builtins: readonly string[]
}

/** Reads the imports of every `.ts` and `.tsx` file below these folders of a tree: static, dynamic, re-exports and types. */
export function readImports(root: string, folders: readonly string[]): readonly SourceFile[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(root, folder, name)))
    .filter((file) => /\.([mc]?ts|tsx)$/.test(file) && !file.split(/[\\/]/).includes('node_modules'))
    .sort()
    .map((file) => readFile(root, file))
}

/** The import cycles of a tree, each as its files in order, starting with the alphabetically first. */
export function cyclesOf(sources: readonly SourceFile[]): readonly (readonly string[])[] {
  const imports = new Map(sources.map((source) => [source.path, source.files]))
  const done = new Set<string>()
  const cycles = new Map<string, readonly string[]>()

  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      const cycle = rotated(trail.slice(start))
      cycles.set(cycle.join(), cycle)
      return
    }
    if (done.has(path)) return
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return [...cycles.values()]
}

function readFile(root: string, file: string): SourceFile {
  const specifiers = ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles.map(({ fileName }) => fileName)
  const unique = [...new Set(specifiers)]
  const builtins = unique.filter((specifier) => specifier.startsWith('node:'))
  const local = unique.filter((specifier) => specifier.startsWith('.'))
  const packages = unique.filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:')).map(packageOf)
  return {
    path: slashed(relative(root, file)),
    files: local.map((specifier) => slashed(relative(root, fileOf(resolve(dirname(file), specifier))))),
    packages: [...new Set(packages)],
    builtins,
  }
}

/** The TypeScript file behind an import that ends in `.js`. */
function fileOf(path: string): string {
  const sources = ['.$1ts', '.tsx'].map((ending) => path.replace(/\.([mc]?)js$/, ending))
  return sources.find((source) => existsSync(source)) ?? path
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function rotated(cycle: readonly string[]): readonly string[] {
  const first = cycle.indexOf([...cycle].sort()[0]!)
  return [...cycle.slice(first), ...cycle.slice(0, first)]
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/')
}
