import { kindByName } from '../api/kinds.js'
import type { Change } from '../api/wire.js'
import { hrefOf } from '../state/address.js'
import { Icon, When } from './small.js'

const VERBS: Readonly<Record<string, string>> = {
  create: 'created',
  version: 'wrote a version of',
  promote: 'promoted',
  rollback: 'rolled back',
  remove_label: 'removed a label of',
  deactivate: 'deactivated',
  activate: 'activated',
  refresh: 'refreshed',
  sql: 'edited by SQL',
  purge: 'purged a version of',
  rollout_start: 'started a rollout of',
  rollout_ramp: 'changed the traffic of',
  rollout_pause: 'paused a rollout of',
  rollout_resume: 'resumed a rollout of',
  rollout_conclude: 'concluded a rollout of',
}

/** Who changed what, when and why. */
export function ChangeList({
  changes,
  isAlone = false,
  more,
}: {
  readonly changes: readonly Change[]
  /** On the page of the name itself, which need not be said again. */
  readonly isAlone?: boolean
  readonly more?: (() => void) | undefined
}) {
  return (
    <>
      <ol class="changes">
        {changes.map((change) => (
          <li key={change.id}>
            <ChangeLine change={change} isAlone={isAlone} />
          </li>
        ))}
      </ol>
      {more && (
        <button type="button" class="more" onClick={more}>
          Load more
        </button>
      )}
    </>
  )
}

function ChangeLine({ change, isAlone }: { readonly change: Change; readonly isAlone: boolean }) {
  const { config_type, config_name: name, project, change_type, change_summary, changed_by, changed_at, revision } = change
  const kind = kindByName(config_type)
  const verb = VERBS[change_type] ?? change_type.replaceAll('_', ' ')
  return (
    <>
      <p class="what">
        <b>{changed_by ?? 'unknown'}</b> {isAlone ? verb.replace(/ of$/, '') : verb}{' '}
        {!isAlone &&
          (kind ? (
            <a href={hrefOf([kind.plural, name], { project })} data-row="focus">
              {name}
            </a>
          ) : (
            <span>{name}</span>
          ))}
        {!isAlone && kind && <small> {kind.noun}</small>}
        <Versions change={change} />
      </p>
      {change_summary && <p class="why">{change_summary}</p>}
      <p class="meta">
        <When iso={changed_at} /> · revision {revision}
      </p>
    </>
  )
}

/** The labels that moved, or the version that was written. */
function Versions({ change: { change_type, previous_data, previous_version, new_data, new_version } }: { readonly change: Change }) {
  if (change_type.startsWith('rollout')) return undefined
  const before = (previous_data?.labels ?? {}) as Readonly<Record<string, number | null>>
  const after = (new_data?.labels ?? {}) as Readonly<Record<string, number | null>>
  const moves = Object.entries(after)
  const isWritten = change_type === 'create' || change_type === 'version'
  if (moves.length === 0 || isWritten)
    return new_version === null ? undefined : <span class="versions"> v{new_version ?? previous_version}</span>
  return (
    <span class="versions">
      {moves.map(([label, version]) => (
        <span key={label}>
          {' '}
          {label} {before[label] ? `v${before[label]}` : 'none'} <Icon name="arrow" />
          {version ? `v${version}` : 'none'}
        </span>
      ))}
    </span>
  )
}
