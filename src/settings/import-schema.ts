import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The module of `--schema` cannot be loaded; the message says what to do about it. */
export class SchemaModuleError extends Error {
  override readonly name = 'SchemaModuleError'
}

interface TsxApi {
  tsImport(specifier: string, parent: string): Promise<Record<string, unknown>>
}
interface JitiApi {
  createJiti(parent: string): { import(file: string): Promise<Record<string, unknown>> }
}

/**
 * Imports the module with the schema. TypeScript that Node cannot read itself is read by tsx or jiti, when the project in `cwd` has one.
 *
 * @throws {SchemaModuleError} when nothing there reads TypeScript
 */
export async function importSchema(file: string, cwd: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    if (!/\.[cm]?tsx?$/.test(file) || !isAboutSyntax(error)) throw error
    const parent = pathToFileURL(join(cwd, 'noop.js')).href
    const tsx = resolved('tsx/package.json', parent)
    if (tsx !== undefined) return (await importFrom<TsxApi>(tsxApi(tsx))).tsImport(pathToFileURL(file).href, parent)
    const jiti = resolved('jiti', parent)
    if (jiti !== undefined) return (await importFrom<JitiApi>(jiti)).createJiti(parent).import(file)
    throw new SchemaModuleError(
      `${file} is TypeScript, which this Node does not read. Install tsx (npm install --save-dev tsx) and run the command again, or use Node 22.18 or later.`,
    )
  }
}

/** Node does not know the ending, or reads it and refuses what cannot be erased, or looks for a `.js` that is a `.ts`. */
function isAboutSyntax(error: unknown): boolean {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  return (
    code === 'ERR_UNKNOWN_FILE_EXTENSION' ||
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    code === 'ERR_MODULE_NOT_FOUND' ||
    name === 'SyntaxError'
  )
}

function resolved(module: string, parent: string): string | undefined {
  try {
    return createRequire(parent).resolve(module)
  } catch {
    return undefined
  }
}

const importFrom = async <Api>(path: string): Promise<Api> => (await import(pathToFileURL(path).href)) as Api

/** The ES module of tsx's interface: its CommonJS one looks for its own parts in the wrong place. */
function tsxApi(packagePath: string): string {
  const { exports } = JSON.parse(readFileSync(packagePath, 'utf8')) as { exports: Record<string, { import: { default: string } }> }
  return join(dirname(packagePath), exports['./esm/api']?.import.default ?? 'dist/esm/api/index.mjs')
}
