import { join } from 'node:path'
import ts from 'typescript'
import { doorsOf } from './compile-blocks.js'

/** A TypeScript compiler that keeps what it parsed: modules beside this package's sources, which exist in memory only. */
export class Compiler {
  readonly #root: string
  readonly #modules = new Map<string, string>()
  readonly #service: ts.LanguageService
  #revision = 0

  constructor(root: string) {
    this.#root = root
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root)
    const settings: ts.CompilerOptions = { ...options, noUnusedLocals: false, paths: doorsOf(root) }
    this.#service = ts.createLanguageService({
      getCompilationSettings: () => settings,
      getScriptFileNames: () => [...this.#modules.keys()],
      getScriptVersion: (file) => (this.#modules.has(file) ? String(this.#revision) : '0'),
      getScriptSnapshot: (file) => {
        const text = this.#modules.get(file) ?? ts.sys.readFile(file)
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (chosen) => ts.getDefaultLibFilePath(chosen),
      fileExists: (file) => this.#modules.has(file) || ts.sys.fileExists(file),
      readFile: (file) => this.#modules.get(file) ?? ts.sys.readFile(file),
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    })
  }

  /** What the compiler says of these modules, which make the whole program; `name:LINE message`, empty when they compile. */
  complaints(modules: Readonly<Record<string, string>>): readonly string[] {
    this.#modules.clear()
    this.#revision++
    for (const [name, text] of Object.entries(modules)) this.#modules.set(this.#placeOf(name), text)
    return Object.keys(modules).flatMap((name) => {
      const file = this.#placeOf(name)
      const found = [...this.#service.getSyntacticDiagnostics(file), ...this.#service.getSemanticDiagnostics(file)]
      return found.map((diagnostic) => {
        const line = (diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0) + 1
        return `${name}:${line} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`
      })
    })
  }

  /** What an editor shows of the first place where this text stands in a module of the last program. */
  hover(name: string, text: string): string {
    const file = this.#placeOf(name)
    const place = this.#modules.get(file)?.indexOf(text) ?? -1
    const info = this.#service.getQuickInfoAtPosition(file, place)
    return ts.displayPartsToString(info?.displayParts)
  }

  /** What an editor offers after this text in a module of the last program. */
  completions(name: string, text: string): readonly string[] {
    const file = this.#placeOf(name)
    const place = (this.#modules.get(file)?.indexOf(text) ?? -1) + text.length
    return (this.#service.getCompletionsAtPosition(file, place, undefined)?.entries ?? []).map((entry) => entry.name)
  }

  #placeOf(name: string): string {
    return join(this.#root, 'test', 'types', name)
  }
}
