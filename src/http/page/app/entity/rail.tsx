import { useEffect, useRef } from 'preact/hooks'
import { isProtected } from '../api/kinds.js'
import type { Change, Version } from '../api/wire.js'
import { Label, When } from '../parts/small.js'
import { totalsOf } from '../parts/split-bar.js'
import { hrefOf } from '../state/address.js'
import { percent } from '../text/words.js'
import type { Context } from './context.js'

/** What the changelog says of a version for which nobody gave a reason. */
const UNTOLD = /^(Initial creation|New version \d+)$/

/** The versions of a name: number, labels, share of the traffic, why, who and when. */
export function Rail({
  context: { target, versions, shown, labels, rollouts },
  changes,
  tab,
  more,
}: {
  readonly context: Context
  readonly changes: readonly Change[]
  readonly tab: string | undefined
  readonly more: (() => void) | undefined
}) {
  const { kind, name, project } = target
  const list = useRef<HTMLOListElement>(null)
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [shown.version])
  const whys = new Map(
    changes.flatMap(({ new_version, change_type, change_summary }) =>
      (change_type === 'create' || change_type === 'version') && new_version !== null && !UNTOLD.test(change_summary ?? '')
        ? [[new_version, change_summary] as const]
        : [],
    ),
  )
  const shares = new Map(
    rollouts
      .filter(({ status }) => status === 'running')
      .flatMap((rollout) => totalsOf(rollout, labels.get(rollout.label)))
      .map(({ version, percent: share }) => [version, share]),
  )
  const isCurrent = (version: Version): boolean => !kind.hasLabels && version === versions.find(({ is_active }) => is_active)
  return (
    <aside class="rail" aria-label="Versions">
      <h2>Versions</h2>
      <ol ref={list}>
        {versions.map((item) => {
          const { version, labels: own = [], is_active, created_by, created_at } = item
          const share = shares.get(version)
          const why = whys.get(version)
          return (
            <li key={version} class={is_active ? undefined : 'off'}>
              <a
                href={hrefOf([kind.plural, name], { project, v: version, tab })}
                aria-current={version === shown.version ? 'true' : undefined}
                data-row="open"
              >
                <b>v{version}</b>
                {(own.length > 0 || !is_active || share !== undefined || isCurrent(item)) && (
                  <span class="tags">
                    {own.map((label) => (
                      <Label key={label} name={label} isProtected={isProtected(kind, label)} />
                    ))}
                    {isCurrent(item) && <Label name="in force" />}
                    {!is_active && <span class="label plain">inactive</span>}
                    {share !== undefined && <span class="label arm">{percent(share)}</span>}
                  </span>
                )}
                {why && <span class="why">{why}</span>}
                <span class="meta">
                  {created_by ?? 'unknown'} · <When iso={created_at} />
                </span>
              </a>
            </li>
          )
        })}
      </ol>
      {more && (
        <button type="button" class="more quiet" onClick={more}>
          Load older
        </button>
      )}
    </aside>
  )
}
