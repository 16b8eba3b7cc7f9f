import { useState } from 'preact/hooks'
import type { Version } from '../api/wire.js'
import { createName, createVersion, type Note, promote, receiptText, type Target } from '../api/writes.js'
import { FieldDiffs } from '../entity/compare-tab.js'
import { keyOf, labelsOf } from '../entity/data.js'
import { Move, undoOfPromotion } from '../entity/move.js'
import { ApplyForm } from '../parts/apply-form.js'
import { go, hrefOf } from '../state/address.js'
import { stage } from '../state/staged.js'
import { problemText, say } from '../state/toasts.js'
import { bodyOf } from './fields.js'
import type { EditedDraft } from './use-draft.js'

/** What will be written: the difference word by word, why, under which labels. Nothing is written before Save. */
export function Review({
  target,
  edited,
  versions,
  base,
  onProblems,
}: {
  readonly target: Target
  readonly edited: EditedDraft
  readonly versions: readonly Version[]
  readonly base: Version | undefined
  readonly onProblems: () => void
}) {
  const { draft, edit } = edited
  const { kind, project } = target
  const [problem, fail] = useState<unknown>()
  const [isBusy, work] = useState(false)
  const [isPromoting, choosePromotion] = useState(false)
  const isNew = versions.length === 0
  const { body, problems } = bodyOf(kind, draft.fields)
  const current = labelsOf(versions)
  const labels = (draft.labels ?? (kind.hasLabels && kind.label !== 'latest' ? 'staging' : '')).split(/[\s,]+/).filter(Boolean)
  const own = current.get(kind.label)
  const canPromote = kind.hasLabels && kind.label !== 'latest'
  const isSame = base !== undefined && Object.keys(problems).length === 0 && kind.fields.every(({ name }) => same(body[name], base[name]))
  const isReady = Object.keys(problems).length === 0 && !isSame && (!isNew || Boolean(draft.name?.trim()))

  const write = async (): Promise<{ readonly about: Target; readonly saved: Version }> => {
    const about = isNew ? { ...target, name: draft.name!.trim() } : target
    const fields = {
      ...body,
      ...(kind.hasLabels && { labels }),
      ...(draft.summary?.trim() && { summary: draft.summary.trim() }),
    }
    const saved = isNew ? await createName(about, fields) : await createVersion(about, fields)
    edited.saved(draft, saved.version)
    return { about, saved }
  }
  const show = (about: Target, { version }: Version): void =>
    go(hrefOf([kind.plural, about.name], { project, v: version }), { replace: true })
  const save = async (): Promise<void> => {
    if (!isReady) return onProblems()
    work(true)
    fail(undefined)
    try {
      const { about, saved } = await write()
      say(`v${saved.version} of ${about.name} saved.${receiptText(saved)}`)
      show(about, saved)
    } catch (error) {
      fail(error)
      work(false)
    }
  }
  /** Saved first, then promoted: when another person moved the label meanwhile, the version is safe and the promotion waits on its page. */
  const saveAndPromote = async (note: Note): Promise<void> => {
    const { about, saved } = await write()
    try {
      const answer = await promote(about, saved.version, kind.label, own, note)
      say(
        `${kind.label} of ${about.name}: ${own === undefined ? 'none' : `v${own}`} → v${saved.version}.${receiptText(answer)}`,
        undoOfPromotion(about, kind.label, own, saved.version),
      )
      show(about, saved)
    } catch (error) {
      show(about, saved)
      say(`v${saved.version} is saved, and not promoted: ${problemText(error)}`)
      stage({ about: keyOf(about), type: 'promote', version: saved.version, label: kind.label })
    }
  }
  return (
    <aside class="review" aria-label="Review">
      <h2>{isNew ? 'Before it is written' : `Changes from v${draft.base}`}</h2>
      {!isNew &&
        base &&
        (isSame ? <p class="hint">Nothing differs yet.</p> : <FieldDiffs kind={kind} before={base} after={{ ...base, ...body }} />)}
      <label class="field">
        <span>Why</span>
        <input
          value={draft.summary ?? ''}
          maxLength={1000}
          placeholder="For the changelog"
          onInput={(event) => edit({ summary: event.currentTarget.value })}
        />
      </label>
      {kind.hasLabels && (
        <label class="field">
          <span>Labels</span>
          <input
            value={draft.labels ?? labels.join(' ')}
            placeholder="none"
            onInput={(event) => edit({ labels: event.currentTarget.value })}
          />
          <small>
            {labels.length === 0 && 'No label: readers find it by its version only.'}
            {labels.map((label) => (
              <span key={label}>
                <Move label={label} from={current.get(label)} to="this version" />.{' '}
              </span>
            ))}
          </small>
        </label>
      )}
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problemText(problem)}
        </p>
      )}
      {isPromoting ? (
        <ApplyForm
          sentence={<Move label={kind.label} from={own} to="this version" />}
          action="Save and promote"
          isReady={isReady}
          onCancel={() => choosePromotion(false)}
          run={saveAndPromote}
        />
      ) : (
        <div class="actions">
          <button type="button" class="primary" disabled={isBusy || isSame} onClick={() => void save()}>
            Save {isNew ? kind.noun : 'version'}
          </button>
          {canPromote && (
            <button type="button" disabled={isBusy || isSame} onClick={() => (isReady ? choosePromotion(true) : onProblems())}>
              Save and promote…
            </button>
          )}
        </div>
      )}
    </aside>
  )
}

/** As JSON says it; empty text, null and nothing are the same. */
function same(one: unknown, other: unknown): boolean {
  const text = (value: unknown): string => (value === undefined || value === null || value === '' ? '' : JSON.stringify(sorted(value)))
  return text(one) === text(other)
}

/** PostgreSQL does not keep the order of keys. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  )
}
