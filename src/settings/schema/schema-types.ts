import type { SchemaIssue } from '../../shared/standard-schema.js'

/** The output type of a schema: the type of `config.values`, before it is made read-only. */
export type OutputOf<Schema> = Schema extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : never
  : never

/** The keys of an issue's path, as text. */
export function pathOfIssue(issue: SchemaIssue): string[] {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' && part !== null && 'key' in part ? part.key : part))
}
