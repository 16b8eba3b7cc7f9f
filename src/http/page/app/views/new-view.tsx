import type { Kind } from '../api/kinds.js'
import { Editor } from '../editor/editor.js'

/** A new name of a kind. */
export function NewView({
  kind,
  query,
  project,
}: {
  readonly kind: Kind
  readonly query: Readonly<Record<string, string>>
  readonly project: string
}) {
  return <Editor target={{ kind, name: '', project }} versions={[]} base={undefined} name={query.name} />
}
