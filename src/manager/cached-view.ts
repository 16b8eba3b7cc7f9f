import { isDeepStrictEqual } from 'node:util'
import { isContent } from '../cache/content-key.js'
import type { StampedDocument } from '../cache/stamped-document.js'
import { parseScope, type Scope } from '../entities/scope.js'
import { KINDS } from '../store/kinds.js'
import { loadContents, loadDocuments } from '../store/load-documents.js'
import type { OpenDatabase } from '../store/open-database.js'
import { ContextRulesView } from './context-rules-view.js'
import { EntityView } from './entity-view.js'

// biome-ignore lint/suspicious/noExplicitAny: one cache holds the views of all kinds; the manager knows by the scope which it is
export type CachedView = EntityView<any, any> | ContextRulesView | { readonly content: any }

/** Reads whatever is cached: documents of entities, and contents of single versions. */
export async function loadCached(
  db: OpenDatabase['db'],
  schema: string,
  keys: readonly Scope[],
): Promise<ReadonlyMap<Scope, StampedDocument>> {
  const contents = keys.filter(isContent)
  const found = await loadDocuments(
    db,
    schema,
    keys.filter((key) => !isContent(key)),
  )
  if (contents.length > 0) for (const [key, document] of await loadContents(db, schema, contents)) found.set(key, document)
  return found
}

/** Makes what reads are answered from, once for each document that enters memory. */
export function viewOf({ scope, text, revision }: StampedDocument): CachedView {
  if (isContent(scope)) return { content: KINDS[scope.split(':')[1] as keyof typeof KINDS].decode(JSON.parse(text)) }
  const kind = parseScope(scope)?.kind
  if (kind === undefined || kind === 'context_rules') return new ContextRulesView(text)
  // Each kind's definition fits its own contents; together they are a union TypeScript cannot apply.
  return EntityView.parse(KINDS[kind] as never, text, revision)
}

/** Whether two views of one scope were made of the same document. */
export function isSameView(one: CachedView, other: CachedView): boolean {
  if (one instanceof EntityView) return other instanceof EntityView && one.equals(other)
  if (one instanceof ContextRulesView) return other instanceof ContextRulesView && isDeepStrictEqual(one.all, other.all)
  return isDeepStrictEqual(one, other)
}
