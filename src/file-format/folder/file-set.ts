import type { EntityContent } from '../file-kind.js'
import type { VariableShape } from '../picoschema.js'

/** One fault of a file in the folder. */
export interface FileProblem {
  /** Below the folder, with `/`. */
  readonly path: string
  /** Counted in the file, from 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  readonly message: string
}

/** The file of one entity. */
export interface ConfigFile {
  readonly kind: string
  readonly name: string
  /** Below the folder, with `/`. */
  readonly path: string
  /** The text of the file; a pull keeps its comments. */
  readonly text: string
  /** Every field of the version that it says. */
  readonly content: EntityContent
  /** The variables that a prompt's file declares; they are not stored. */
  readonly variables?: readonly VariableShape[]
}

/** A folder of configuration. */
export interface FileSet {
  /** Where it was read from. */
  readonly directory?: string
  /** In the order of their paths. */
  readonly files: readonly ConfigFile[]
  /** Files that could not be read. A set with problems is not pushed. */
  readonly problems: readonly FileProblem[]
  /** The versions that the files were pulled from or pushed as. */
  readonly lock: LockFile
}

/** By database and project. A database calls itself by a name of its own, whatever its address. */
export type LockFile = Readonly<Record<string, Readonly<Record<string, LockedProject>>>>

export interface LockedProject {
  /** The revision of the last pull or push. */
  readonly revision: number
  /** By `kind:name`. */
  readonly entities: Readonly<Record<string, LockedEntity>>
}

export interface LockedEntity {
  /** The version that the file says. */
  readonly version: number
  /** SHA-256 of its content, in base64url. */
  readonly hash: string
  /** The highest active version at that time, where a label was pulled that is on another one. */
  readonly head?: number
}

export function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind}:${name}`
}
