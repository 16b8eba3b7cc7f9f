import { useState } from 'preact/hooks'
import type { Version } from '../api/wire.js'
import type { Target } from '../api/writes.js'
import { Failure } from '../parts/failure.js'
import { Empty, Loading, Notice, When } from '../parts/small.js'
import { hrefOf } from '../state/address.js'
import { draftKey, dropDraft, readDraft } from '../state/drafts.js'
import { staged } from '../state/staged.js'
import { capital } from '../text/words.js'
import { CompareTab } from './compare-tab.js'
import { ContentTab } from './content-tab.js'
import type { Context } from './context.js'
import { keyOf, labelsOf, useChanges, useRollouts, useVersions, versionBefore } from './data.js'
import { HistoryTab } from './history-tab.js'
import { Rail } from './rail.js'
import { RolloutLine } from './rollout-line.js'
import { RolloutTab } from './rollout-tab.js'
import { StagePanel } from './stage-panel.js'
import { Title } from './title.js'
import { UseTab } from './use-tab.js'

const TABS = ['content', 'compare', 'rollout', 'history', 'use'] as const
type Tab = (typeof TABS)[number]

/** The page of one name: its versions at the left, one of them beside it. */
export function EntityView({ target, query }: { readonly target: Target; readonly query: Readonly<Record<string, string>> }) {
  const [pages, load] = useState(1)
  const versions = useVersions(target, pages)
  const rollouts = useRollouts(target)
  const changes = useChanges(target, 100)
  const { kind, name, project } = target

  if (!versions.value) {
    if (versions.error) return <Failure error={versions.error} retry={versions.reload} what={`The ${kind.noun} "${name}"`} />
    return <Loading />
  }
  const { items, hasMore } = versions.value
  if (items.length === 0) return <Nothing target={target} />
  const number = Number(query.v)
  const shown = items.find(({ version }) => version === number) ?? (query.v ? standIn(items[0]!, number) : items[0]!)
  const labels = labelsOf(items)
  const logged = changes.value?.items ?? []
  const before = new Map(
    [...labels.keys()].flatMap((label) => {
      const version = versionBefore(label, logged, items)
      return version === undefined ? [] : [[label, version] as const]
    }),
  )
  const context: Context = { target, versions: items, shown, labels, rollouts: rollouts.value ?? [], before }
  const open = context.rollouts.filter(({ status }) => status !== 'concluded')
  const tabs = TABS.filter((tab) => kind.hasLabels || tab !== 'rollout')
  const tab = tabs.find((one) => one === query.tab) ?? 'content'
  const hrefOfTab = (one: Tab): string => hrefOf([kind.plural, name], { project, v: query.v, tab: one === 'content' ? undefined : one })

  return (
    <div class="entity">
      <Rail context={context} changes={logged} tab={query.tab} more={hasMore ? () => load(pages + 1) : undefined} />
      <section class="content">
        <Title context={context} />
        <DraftNotice target={target} />
        {staged.value?.about === keyOf(target) && <StagePanel key={JSON.stringify(staged.value)} context={context} staged={staged.value} />}
        {tab !== 'rollout' &&
          open.map((rollout) => <RolloutLine key={rollout.id} rollout={rollout} context={context} href={hrefOfTab('rollout')} />)}
        <nav class="tabs" aria-label={`Views of ${name}`}>
          {tabs.map((one) => (
            <a key={one} href={hrefOfTab(one)} aria-current={one === tab ? 'page' : undefined}>
              {capital(one === 'content' && shown.type === 'chat' ? 'messages' : one)}
            </a>
          ))}
        </nav>
        {tab === 'content' && <ContentTab context={context} />}
        {tab === 'compare' && <CompareTab context={context} query={query} />}
        {tab === 'rollout' && <RolloutTab context={context} />}
        {tab === 'history' && <HistoryTab context={context} />}
        {tab === 'use' && <UseTab context={context} />}
      </section>
    </div>
  )
}

/** A version that the rail has not loaded yet, reached by its address. */
function standIn({ name, project }: Version, version: number): Version {
  return { name, project, version, is_active: true, created_by: null, created_at: '' }
}

function Nothing({ target: { kind, name, project } }: { readonly target: Target }) {
  return (
    <Empty title={`No ${kind.noun} "${name}"`} level={1}>
      <p>
        There is no {kind.noun} of that name in the project "{project}".
      </p>
      <p class="actions">
        <a class="button primary" href={hrefOf(['new', kind.plural], { project, name })}>
          Create it
        </a>
        <a class="button" href={hrefOf([kind.plural], { project })}>
          All {kind.title.toLowerCase()}
        </a>
      </p>
    </Empty>
  )
}

function DraftNotice({ target: { kind, name, project } }: { readonly target: Target }) {
  const key = draftKey(kind.kind, project, name)
  const draft = readDraft(key)
  if (!draft) return undefined
  return (
    <Notice>
      <p>
        You have an unsaved draft of a new version, <When iso={new Date(draft.at).toISOString()} />.
      </p>
      <a class="button small" href={hrefOf([kind.plural, name, 'edit'], { project })}>
        Continue
      </a>
      <button type="button" class="small quiet" onClick={() => dropDraft(key)}>
        Discard
      </button>
    </Notice>
  )
}
