import { mkdirSync } from 'node:fs'
import type { JsonObject } from '../entities/json.js'
import { printEntity } from '../file-format/entity-file.js'
import { type EntityContent, extensionOf, type KindOfFiles, kindsOfFiles } from '../file-format/file-kind.js'
import { pathOf } from '../file-format/file-path.js'
import type { LockFile } from '../file-format/folder/file-set.js'
import { LOCK_NAME, printLock } from '../file-format/folder/lock-file.js'
import { SafeFolder } from '../file-format/folder/safe-folder.js'
import { printYaml } from '../file-format/yaml-document.js'
import type { AnyHostKind } from '../kinds/define-kind.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'

/** An entity to be written: a `ConfigFile` is one. */
export interface EntityToWrite {
  readonly kind: string
  readonly name: string
  readonly content: EntityContent
  /** The existing file: what it has besides the content is kept. */
  readonly text?: string
  /** What a new file of a prompt declares of its variables, under `variables`. */
  readonly inputSchema?: JsonObject
}

export interface WriteConfigFilesOptions {
  readonly kinds?: readonly AnyHostKind[]
}

/**
 * Writes files of entities into a folder, which is made if there is none: all of them, or none when one cannot be written. Other files of the
 * folder stay.
 *
 * @returns the paths that changed
 * @throws {InvalidArgumentError} when a kind is not known, or a file cannot be written
 */
export function writeConfigFiles(
  directory: string,
  set: { readonly files: readonly EntityToWrite[]; readonly lock?: LockFile },
  options: WriteConfigFilesOptions = {},
): readonly string[] {
  checkKeys(options, ['kinds'], 'options')
  const folder = openFolder(directory)
  const kinds = new Map(kindsOfFiles(options.kinds).map((kind) => [kind.kind, kind]))
  const texts = new Map(
    set.files.map((file, place) => {
      const kind = kinds.get(file.kind)
      if (!kind) throw new InvalidArgumentError(`files[${place}].kind`, `must be one of ${[...kinds.keys()].join(', ')}`)
      return [fileOf(kind, file.name), printEntity(kind, file.content, file.text ?? declaring(file.inputSchema))] as const
    }),
  )
  if (set.lock) texts.set(LOCK_NAME, printLock(set.lock))
  const changed = new Map([...texts].filter(([path, text]) => folder.readOne(path).text !== text))
  folder.change(changed)
  return [...changed.keys()]
}

/** A file that says no more than this. */
function declaring(variables: JsonObject | undefined): string | undefined {
  return variables && `---\n${printYaml({ variables })}---\n`
}

/** A folder that is made if there is none. */
export function openFolder(directory: string): SafeFolder {
  try {
    mkdirSync(directory, { recursive: true })
  } catch (cause) {
    throw Object.assign(new InvalidArgumentError('directory', `cannot be made: ${directory} (${(cause as NodeJS.ErrnoException).code})`), {
      cause,
    })
  }
  return new SafeFolder(directory)
}

export function fileOf(kind: KindOfFiles, name: string): string {
  return pathOf(kind.plural, name, extensionOf(kind))
}
