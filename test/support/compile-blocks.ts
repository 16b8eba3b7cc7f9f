import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/** TypeScript taken from a page or a docstring, to be compiled as one module. */
export interface CodeBlock {
  /** Where it stands, from the repository's root. */
  readonly page: string
  /** The page's line of each line of code, counted from 1. */
  readonly lines: readonly number[]
  readonly text: string
}

/**
 * Compiles blocks as one strict program against this package's sources and gives its complaints, each with page and line.
 *
 * `agent-config` and its doors mean `src/`, so nothing has to be built; other packages are those of the repository. The
 * files exist in memory only.
 *
 * @param ambient declarations of packages that are shown and not installed: `declare module 'name'`
 */
export function complaintsAbout(blocks: readonly CodeBlock[], root: string, ambient = ''): readonly string[] {
  const virtual = new Map(blocks.map((block, index) => [join(root, 'docs', `block-${index}.ts`), block]))
  virtual.set(join(root, 'docs', 'ambient.d.ts'), { page: 'ambient declarations', lines: [], text: ambient })
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root)
  const compilerOptions: ts.CompilerOptions = {
    ...options,
    declaration: false,
    // A page shows how to get a thing, not always what to do with it.
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedModules: false,
    verbatimModuleSyntax: false,
    moduleDetection: ts.ModuleDetectionKind.Force,
    paths: doorsOf(root),
  }
  const disk = ts.createCompilerHost(compilerOptions)
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (file) => virtual.has(join(file)) || disk.fileExists(file),
    readFile: (file) => virtual.get(join(file))?.text ?? disk.readFile(file),
    getSourceFile: (file, language, ...rest) => {
      const block = virtual.get(join(file))
      return block ? ts.createSourceFile(file, block.text, language, true) : parsed(file, () => disk.getSourceFile(file, language, ...rest))
    },
  }
  const program = ts.createProgram([...virtual.keys()], compilerOptions, host)
  // What the sources themselves say is the type check's matter; checking them here again would take most of the time.
  const said = [
    ...program.getOptionsDiagnostics(),
    ...[...virtual.keys()].flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file))),
  ]
  return [...new Set(said)].map((diagnostic) => {
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')
    if (!diagnostic.file) return message
    const { line } = diagnostic.file.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
    const block = virtual.get(join(diagnostic.file.fileName))
    return block ? `${block.page}:${block.lines[line] ?? '?'} ${message}` : `${diagnostic.file.fileName}:${line + 1} ${message}`
  })
}

const sources = new Map<string, ts.SourceFile | undefined>()

/** A file as it was read before: programs of one test file share what they have in common. */
function parsed(file: string, read: () => ts.SourceFile | undefined): ts.SourceFile | undefined {
  if (!sources.has(file)) sources.set(file, read())
  return sources.get(file)
}

/** The source file behind each door of package.json's `exports`: `./migrations` is src/migrations.ts or src/migrations/index.ts. */
export function doorsOf(root: string): Record<string, string[]> {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    name: string
    exports: Record<string, unknown>
  }
  const doors = Object.keys(exports).filter((door) => !door.endsWith('.json'))
  return Object.fromEntries(
    doors.map((door) => {
      const stem = door === '.' ? 'index' : door.slice('./'.length)
      const candidates = [`src/${stem}.ts`, `src/${stem}/index.ts`].map((file) => join(root, file))
      return [join(name, door).replaceAll('\\', '/'), [candidates.find((file) => existsSync(file)) ?? candidates[0]!]]
    }),
  )
}
