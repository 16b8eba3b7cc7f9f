import { useEffect, useState } from 'preact/hooks'
import { get, post } from '../api/call.js'
import { kinds } from '../api/kinds.js'
import { who } from '../api/who.js'
import type { CacheStats } from '../api/wire.js'
import { Failure } from '../parts/failure.js'
import { Loading } from '../parts/small.js'
import { Sparkline } from '../parts/sparkline.js'
import { problemText, say, sayProblem } from '../state/toasts.js'
import { capital, count, percent } from '../text/words.js'

const EVERY_MS = 2_000
const MOST_KEPT = 60

/** How the caches of the answering worker do, looked at again while the page is shown. */
export function HealthView() {
  const [seen, see] = useState<readonly CacheStats[]>([])
  const [error, fail] = useState<unknown>()
  const look = (): Promise<void> =>
    get<CacheStats>('/cache/stats', {}, { asks: false }).then((stats) => {
      fail(undefined)
      see((before) => [...before, stats].slice(-MOST_KEPT))
    }, fail)
  useEffect(() => {
    void look()
    const timer = setInterval(() => document.visibilityState === 'visible' && void look(), EVERY_MS)
    return () => clearInterval(timer)
  }, [])
  const newest = seen.at(-1)
  return (
    <section class="page">
      <header class="line">
        <h1>Health</h1>
      </header>
      {error !== undefined && !newest ? (
        <Failure error={error} retry={() => void look()} what="The figures" />
      ) : !newest ? (
        <Loading />
      ) : (
        <>
          {error !== undefined && (
            <p class="notice warn" role="alert">
              These figures are not new any more. {problemText(error)}
            </p>
          )}
          <Figures seen={seen} newest={newest} />
        </>
      )}
      {(!who.value?.signed_in || who.value.may.refresh) && <Refresher />}
    </section>
  )
}

function Figures({ seen, newest }: { readonly seen: readonly CacheStats[]; readonly newest: CacheStats }) {
  const ratio = (value: number): string => percent(value * 100)
  const facts: readonly (readonly [string, string])[] = [
    ['Revision', newest.revision === null ? 'not known' : count(newest.revision)],
    ['Documents in memory', `${count(newest.memory.entries)} · ${count(Math.ceil(newest.memory.bytes / 1024))} KiB`],
    ['Loads from PostgreSQL', count(newest.database.loads)],
    ['PostgreSQL', newest.database.state],
    ['Redis', newest.redis.state],
    ...(newest.used_memory ? ([['Memory of Redis', newest.used_memory]] as const) : []),
    ...(newest.worker === undefined ? [] : ([['Worker', `process ${newest.worker}`]] as const)),
  ]
  return (
    <>
      <div class="tiles">
        <Sparkline title="Reads answered from memory" values={seen.map(({ hit_ratio }) => hit_ratio.memory)} most={1} text={ratio} />
        <Sparkline title="Then answered from Redis" values={seen.map(({ hit_ratio }) => hit_ratio.redis)} most={1} text={ratio} />
        <Sparkline title="Revisions behind" values={seen.map(({ lag }) => lag)} text={count} />
      </div>
      <dl class="fields">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}

function Refresher() {
  const [kind, choose] = useState('all')
  const refresh = async (): Promise<void> => {
    await post('/cache/refresh', { config_type: kind })
    say(`Every worker loads ${kind === 'all' ? 'everything' : kind.replaceAll('_', ' ')} again.`)
  }
  return (
    <form
      class="card refresher"
      onSubmit={(event) => {
        event.preventDefault()
        void refresh().catch(sayProblem)
      }}
    >
      <h2>Refresh</h2>
      <p>
        Every worker forgets what it holds and loads it again at the next read. Changes need no refresh: workers hear of them by themselves.
      </p>
      <div class="row">
        <label class="field">
          <span>What</span>
          <select value={kind} onChange={(event) => choose(event.currentTarget.value)}>
            <option value="all">Everything</option>
            {kinds.value.map((one) => (
              <option key={one.kind} value={one.kind}>
                {capital(one.title)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit">Refresh</button>
      </div>
    </form>
  )
}
