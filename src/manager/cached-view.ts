import { isDeepStrictEqual } from 'node:util'
import { isContent } from '../cache/content-key.js'
import type { StampedDocument } from '../cache/stamped-document.js'
import { parseScope, type Scope } from '../entities/scope.js'
import { KINDS } from '../store/kinds.js'
import { loadContents, loadDocuments } from '../store/load-documents.js'
import type { OpenDatabase } from '../store/open-database.js'
import { ContextRulesView } from './context-rules-view.js'
import { EntityView } from './entity-view.js'
import { checkContent, checkContextRules, checkRow } from './foreign-document.js'

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

/**
 * Makes what reads are answered from, once for each document that enters memory.
 *
 * @throws {Error} when a foreign one (it does not come from PostgreSQL) is no document of its scope
 */
export function viewOf({ scope, text, revision }: StampedDocument, isForeign: boolean): CachedView {
  if (isContent(scope)) return { content: contentOf(scope, text, isForeign) }
  const parts = parseScope(scope)
  if (parts === undefined || parts.kind === 'context_rules') {
    if (isForeign) checkContextRules(JSON.parse(text), parts?.project ?? '')
    return new ContextRulesView(text)
  }
  // Each kind's definition fits its own contents; together they are a union TypeScript cannot apply.
  return EntityView.parse(KINDS[parts.kind] as never, text, revision, isForeign ? parts : undefined)
}

function contentOf(scope: Scope, text: string, isForeign: boolean) {
  const [, kind, id] = scope.split(':')
  const { decode } = KINDS[kind as keyof typeof KINDS]
  const row = JSON.parse(text)
  return isForeign ? checkContent(decode(checkRow(row, Number(id)))) : decode(row)
}

/** Whether two views of one scope were made of the same document. */
export function isSameView(one: CachedView, other: CachedView): boolean {
  if (one instanceof EntityView) return other instanceof EntityView && one.equals(other)
  if (one instanceof ContextRulesView) return other instanceof ContextRulesView && isDeepStrictEqual(one.all, other.all)
  return isDeepStrictEqual(one, other)
}
