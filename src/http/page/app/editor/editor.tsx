import { useState } from 'preact/hooks'
import type { Version } from '../api/wire.js'
import type { Target } from '../api/writes.js'
import { Icon, Notice, When } from '../parts/small.js'
import { DEFAULT_PROJECT, go, hrefOf } from '../state/address.js'
import { draftKey } from '../state/drafts.js'
import { FieldControl } from './field-control.js'
import { bodyOf, fieldsOf } from './fields.js'
import { Review } from './review.js'
import { type EditedDraft, useDraft } from './use-draft.js'

/** The form at the left; at the right what differs, why, and the buttons that write it. */
export function Editor({
  target,
  versions,
  base,
  name,
}: {
  readonly target: Target
  /** Those that are there, newest first; none for a new name. */
  readonly versions: readonly Version[]
  /** The version it begins with. */
  readonly base: Version | undefined
  /** For a new name: what it is called at first. */
  readonly name?: string | undefined
}) {
  const { kind, project } = target
  const isNew = versions.length === 0
  const key = draftKey(kind.kind, project, isNew ? undefined : target.name)
  const edited = useDraft(key, () => ({
    fields: fieldsOf(kind, base),
    name,
    base: base?.version,
    newest: versions[0]?.version,
  }))
  const { draft, edit, setField, drop } = edited
  const { problems } = bodyOf(kind, draft.fields)
  const [areShown, showProblems] = useState(false)
  const leave = (): void => {
    drop()
    go(isNew ? hrefOf([kind.plural], { project }) : hrefOf([kind.plural, target.name], { project, v: base?.version }))
  }
  return (
    <section class="page editing">
      <header class="title">
        <p class="crumbs">
          <a href={hrefOf([kind.plural], { project })}>{kind.title}</a>
          {project !== DEFAULT_PROJECT && ` / ${project}`}
          {!isNew && (
            <>
              {' / '}
              <a href={hrefOf([kind.plural, target.name], { project })}>{target.name}</a>
            </>
          )}
        </p>
        <div class="line">
          <h1>{isNew ? `New ${kind.noun}` : 'New version'}</h1>
          {draft.base !== undefined && <span class="facts">from v{draft.base}</span>}
          {draft.at > 0 && (
            <span class="facts" role="status">
              Draft kept in this tab
            </span>
          )}
          <div class="actions">
            <button type="button" class="quiet" onClick={leave}>
              Discard
            </button>
          </div>
        </div>
      </header>
      <WrittenMeanwhile edited={edited} versions={versions} target={target} />
      <div class="columns">
        <form class="form" onSubmit={(event) => event.preventDefault()}>
          {isNew && (
            <label class="field">
              <span>Name</span>
              <input
                value={draft.name ?? ''}
                maxLength={255}
                required
                aria-invalid={areShown && !draft.name?.trim()}
                onInput={(event) => edit({ name: event.currentTarget.value })}
              />
            </label>
          )}
          {kind.fields.map((field) => (
            <FieldControl
              key={field.name}
              kind={kind}
              field={field}
              fields={draft.fields}
              problem={areShown || field.type === 'json' || field.type === 'content' ? problems[field.name] : undefined}
              onChange={(value) => setField(field.name, value)}
            />
          ))}
        </form>
        <Review target={target} edited={edited} versions={versions} base={base} onProblems={() => showProblems(true)} />
      </div>
    </section>
  )
}

/** Another person wrote a version while this one was typed. */
function WrittenMeanwhile({
  edited: { draft, edit },
  versions,
  target: { kind, name, project },
}: {
  readonly edited: EditedDraft
  readonly versions: readonly Version[]
  readonly target: Target
}) {
  const newest = versions[0]
  if (!newest || draft.newest === undefined || newest.version <= draft.newest) return undefined
  const between = hrefOf([kind.plural, name], { project, v: newest.version, tab: 'compare', with: draft.base })
  return (
    <Notice tone="warn">
      <p>
        {newest.created_by ?? 'Somebody'} wrote v{newest.version} meanwhile, <When iso={newest.created_at} />. Your text is kept, and
        becomes the version after it.
      </p>
      <a class="button small" href={between}>
        See what v{newest.version} changed <Icon name="arrow" />
      </a>
      <button type="button" class="small quiet" onClick={() => edit({ newest: newest.version })}>
        Go on
      </button>
    </Notice>
  )
}
