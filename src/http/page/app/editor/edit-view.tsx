import type { Version } from '../api/wire.js'
import type { Target } from '../api/writes.js'
import { useContent, useVersions } from '../entity/data.js'
import { Failure } from '../parts/failure.js'
import { Loading } from '../parts/small.js'
import { draftKey, readDraft } from '../state/drafts.js'
import { Editor } from './editor.js'

/** A new version of a name that is there: begins with the version it is made from, or with what was typed before. */
export function EditView({ target, query }: { readonly target: Target; readonly query: Readonly<Record<string, string>> }) {
  const { kind, name, project } = target
  const versions = useVersions(target, 1)
  const items = versions.value?.items
  const kept = readDraft(draftKey(kind.kind, project, name))
  const number = kept ? kept.base : Number(query.from)
  const base = items && (items.find(({ version }) => version === number) ?? (number ? standIn(items[0], number) : items[0]))
  const content = useContent(target, base)
  if (versions.error || (content.error && base)) {
    const retry = (): void => {
      versions.reload()
      content.reload()
    }
    return <Failure error={versions.error ?? content.error} retry={retry} what={`The ${kind.noun} "${name}"`} />
  }
  if (!items || (base && !content.value)) return <Loading />
  return <Editor key={draftKey(kind.kind, project, name)} target={target} versions={items} base={content.value} />
}

/** A version older than those that were loaded. */
function standIn(newest: Version | undefined, version: number): Version | undefined {
  return newest && { name: newest.name, project: newest.project, version, is_active: true, created_by: null, created_at: newest.created_at }
}
