import { isDeepStrictEqual } from 'node:util'
import { isContent } from '../cache/held/content-key.js'
import type { StampedDocument } from '../cache/held/stamped-document.js'
import { parseScope, type Scope } from '../entities/scope.js'
import { CONTEXT_RULES } from '../kinds/context-rules.js'
import type { KindRegistry } from '../kinds/registry.js'
import type { OpenDatabase } from '../store/postgres/open-database.js'
import { loadContents, loadDocuments } from '../store/read/load-documents.js'
import { ContextRulesView } from './context-rules-view.js'
import { EntityView } from './entity-view.js'
import { checkContent, checkContextRules, checkRow } from './foreign-document.js'

// biome-ignore lint/suspicious/noExplicitAny: one cache holds the views of all kinds; the scope says which kind one is of
export type CachedView = EntityView<any, any> | ContextRulesView | { readonly content: any }

/** Loads what is cached from PostgreSQL: documents of entities, and contents of single versions. */
export async function loadCached(
  db: OpenDatabase['db'],
  schema: string,
  kinds: KindRegistry,
  keys: readonly Scope[],
): Promise<ReadonlyMap<Scope, StampedDocument>> {
  const contents = keys.filter(isContent)
  const found = await loadDocuments(
    db,
    schema,
    kinds,
    keys.filter((key) => !isContent(key)),
  )
  if (contents.length > 0) for (const [key, document] of await loadContents(db, schema, kinds, contents)) found.set(key, document)
  return found
}

/**
 * Makes the view that reads are answered from, once for each document that enters memory.
 *
 * @throws {Error} when a foreign one (it does not come from PostgreSQL) is no document of its scope, or of a kind that is not known here
 */
export function viewOf({ scope, text, revision }: StampedDocument, kinds: KindRegistry, isForeign: boolean): CachedView {
  if (isContent(scope)) return { content: contentOf(scope, text, kinds, isForeign) }
  const parts = parseScope(scope)
  if (parts?.kind === CONTEXT_RULES.kind) {
    if (isForeign) checkContextRules(JSON.parse(text), parts.project)
    return new ContextRulesView(text)
  }
  return EntityView.parse(kindOf(kinds, parts?.kind), text, revision, isForeign ? parts : undefined)
}

function contentOf(scope: Scope, text: string, kinds: KindRegistry, isForeign: boolean) {
  const [, kind, id] = scope.split(':')
  const { decode } = kindOf(kinds, kind)
  const row = JSON.parse(text)
  return isForeign ? checkContent(decode(checkRow(row, Number(id)))) : decode(row)
}

function kindOf(kinds: KindRegistry, kind: string | undefined) {
  const found = kind === undefined ? undefined : kinds.find(kind)
  if (!found) throw new Error(`No kind "${kind}" is declared here.`)
  return found
}

/** Whether two views of one scope were made of the same document. */
export function isSameView(one: CachedView, other: CachedView): boolean {
  if (one instanceof EntityView) return other instanceof EntityView && one.equals(other)
  if (one instanceof ContextRulesView) return other instanceof ContextRulesView && isDeepStrictEqual(one.all, other.all)
  return isDeepStrictEqual(one, other)
}
