import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { kindByPlural } from './api/kinds.js'
import { BundleView } from './bundle/bundle-view.js'
import { EditView } from './editor/edit-view.js'
import { canTry } from './entity/context.js'
import { EntityView } from './entity/entity-view.js'
import { Help } from './keys/help.js'
import { Search } from './keys/search.js'
import { useShortcuts } from './keys/shortcuts.js'
import { Header } from './parts/header.js'
import { MissedNotice } from './parts/missed-notice.js'
import { SignIn } from './parts/sign-in.js'
import { SignOut } from './parts/sign-out.js'
import { Empty, Loading } from './parts/small.js'
import { Toasts } from './parts/toasts.js'
import { address, DEFAULT_PROJECT, hrefOf } from './state/address.js'
import { hasAsked } from './state/start.js'
import { TryView } from './try/try-view.js'
import { ChangelogView } from './views/changelog-view.js'
import { HealthView } from './views/health-view.js'
import { ListView } from './views/list-view.js'
import { NewView } from './views/new-view.js'
import { RolloutsView } from './views/rollouts-view.js'

export function App() {
  useShortcuts()
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('main')?.focus()}>
        Skip to content
      </button>
      <Header />
      <Main />
      <Toasts />
      <SignIn />
      <SignOut />
      <Search />
      <Help />
    </>
  )
}

function Main() {
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  const place = address.value.path.join('/')
  // In the frame that shows the view: later, it would take the focus from what a key or a click has reached by then.
  useLayoutEffect(() => {
    const heading = main.current?.querySelector('h1')?.textContent
    document.title = heading ? `${heading} · agent-config` : 'agent-config'
    if (!isFirst.current) main.current?.focus({ preventScroll: true })
    isFirst.current = false
    scrollTo(0, 0)
  }, [place])
  useEffect(() => {
    const heading = main.current?.querySelector('h1')?.textContent
    if (heading) document.title = `${heading} · agent-config`
  })
  return (
    <main id="main" ref={main} tabIndex={-1} data-address={location.hash}>
      <MissedNotice />
      <View key={place} />
    </main>
  )
}

function View() {
  const { path, query } = address.value
  const [section = 'prompts', name, action] = path
  const project = query.project ?? DEFAULT_PROJECT
  if (section === 'rollouts') return <RolloutsView query={query} />
  if (section === 'changelog') return <ChangelogView query={query} />
  if (section === 'health') return <HealthView />
  if (section === 'bundle') return hasAsked.value ? <BundleView project={project} /> : <Loading />
  const kind = kindByPlural(section === 'new' ? (name ?? '') : section)
  if (!hasAsked.value && (!kind || name !== undefined)) return <Loading />
  if (!kind) return <Nowhere />
  if (section === 'new') return <NewView kind={kind} query={query} project={project} />
  if (name === undefined) return <ListView kind={kind} query={query} project={project} />
  const target = { kind, name, project }
  if (action === 'edit') return <EditView target={target} query={query} />
  if (action === 'try' && canTry(target)) return <TryView target={target} query={query} />
  if (action === undefined) return <EntityView target={target} query={query} />
  return <Nowhere />
}

function Nowhere() {
  return (
    <Empty title="Nothing here" level={1}>
      <p>There is no such page.</p>
      <a class="button primary" href={hrefOf(['prompts'])}>
        Prompts
      </a>
    </Empty>
  )
}
