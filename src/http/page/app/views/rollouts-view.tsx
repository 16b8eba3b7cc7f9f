import { getPage } from '../api/pages.js'
import type { Rollout } from '../api/wire.js'
import { useLoaded } from '../live/use-loaded.js'
import { Failure } from '../parts/failure.js'
import { Empty, Loading } from '../parts/small.js'
import { go, hrefOf } from '../state/address.js'
import { capital } from '../text/words.js'
import { RolloutRow } from './rollout-row.js'

const ORDER = ['running', 'paused', 'concluded'] as const

/** Every rollout of every project, those that run first. */
export function RolloutsView({ query }: { readonly query: Readonly<Record<string, string>> }) {
  const status = ORDER.find((one) => one === query.status)
  const load = async (signal: AbortSignal) => (await getPage<Rollout>('/rollouts', { status, limit: 100 }, { signal })).items
  const { value, error, reload } = useLoaded(`rollouts:${status ?? 'all'}`, load, () => true)
  const sorted = value?.toSorted((one, other) => ORDER.indexOf(one.status) - ORDER.indexOf(other.status))
  return (
    <section class="page">
      <header class="line">
        <h1>Rollouts</h1>
      </header>
      <div class="toolbar">
        <label class="field">
          <span>Status</span>
          <select
            value={status ?? ''}
            onChange={(event) => go(hrefOf(['rollouts'], { status: event.currentTarget.value }), { replace: true })}
          >
            <option value="">All</option>
            {ORDER.map((one) => (
              <option key={one} value={one}>
                {capital(one)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {!sorted ? (
        error ? (
          <Failure error={error} retry={reload} what="The rollouts" />
        ) : (
          <Loading />
        )
      ) : sorted.length === 0 ? (
        <Empty title={status ? `No rollout is ${status}` : 'No rollouts yet'}>
          <p>A rollout gives some subjects another version of a prompt or a model. Start one on its page.</p>
          <a class="button primary" href={hrefOf(['prompts'])}>
            Choose a prompt
          </a>
        </Empty>
      ) : (
        <div class="cards">
          {sorted.map((rollout) => (
            <RolloutRow key={rollout.id} rollout={rollout} />
          ))}
        </div>
      )}
    </section>
  )
}
