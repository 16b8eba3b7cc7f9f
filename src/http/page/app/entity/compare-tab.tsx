import type { Version } from '../api/wire.js'
import { DiffView } from '../parts/diff-view.js'
import { Failure } from '../parts/failure.js'
import { Empty, Loading } from '../parts/small.js'
import { go, hrefOf } from '../state/address.js'
import { plainFields } from '../text/plain.js'
import type { Context } from './context.js'
import { useContent } from './data.js'

/** Two versions as one text, with what changed marked. At first: what is in production beside what is shown. */
export function CompareTab({ context, query }: { readonly context: Context; readonly query: Readonly<Record<string, string>> }) {
  const { target, versions, shown, labels } = context
  const { kind, name, project } = target
  const find = (number: number | undefined): Version | undefined => versions.find(({ version }) => version === number)
  const own = labels.get(kind.label)
  const older = versions.find(({ version }) => version < shown.version)
  const before =
    find(Number(query.with)) ?? (own !== shown.version ? find(own) : undefined) ?? older ?? versions.find((one) => one !== shown)
  const left = useContent(target, before)
  const right = useContent(target, shown)
  if (!before) {
    return (
      <Empty title="Nothing to compare with yet">
        <p>This is the only version.</p>
        <a class="button primary" href={hrefOf([kind.plural, name, 'edit'], { project, from: shown.version })}>
          New version
        </a>
      </Empty>
    )
  }
  const choose = (version: string): void =>
    go(hrefOf([kind.plural, name], { project, v: shown.version, tab: 'compare', with: version }), { replace: true })
  return (
    <>
      <div class="toolbar">
        <label class="field">
          <span>Compare with</span>
          <select value={before.version} onChange={(event) => choose(event.currentTarget.value)}>
            {versions
              .filter(({ version }) => version !== shown.version)
              .map(({ version, labels: carried = [] }) => (
                <option key={version} value={version}>
                  {[`v${version}`, ...carried].join(' · ')}
                </option>
              ))}
          </select>
        </label>
        <p class="hint">
          From <del>v{before.version}</del> to <ins>v{shown.version}</ins>
        </p>
      </div>
      {left.error || right.error ? (
        <Failure
          error={left.error ?? right.error}
          retry={() => {
            left.reload()
            right.reload()
          }}
          what="One of the versions"
        />
      ) : left.value && right.value ? (
        <FieldDiffs kind={kind} before={left.value} after={right.value} />
      ) : (
        <Loading />
      )}
    </>
  )
}

/** Every field that differs, the main one without a heading. */
export function FieldDiffs({
  kind,
  before,
  after,
}: {
  readonly kind: Context['target']['kind']
  readonly before: Version
  readonly after: Version
}) {
  const texts = plainFields(kind, before)
  const changed = plainFields(kind, after).flatMap(({ field, text }, place) => {
    const old = texts[place]!.text
    return old === text ? [] : [{ field, old, text }]
  })
  if (changed.length === 0) return <p class="quiet">The two say the same.</p>
  return (
    <>
      {changed.map(({ field, old, text }) => (
        <section key={field.name} class="field-diff">
          {(field.type !== 'template' || changed.length > 1) && <h3>{field.label}</h3>}
          <DiffView before={old} after={text} name={`Changes of ${field.label}`} />
        </section>
      ))}
    </>
  )
}
