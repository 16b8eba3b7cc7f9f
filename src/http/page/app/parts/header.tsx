import { kinds } from '../api/kinds.js'
import { askToSignIn, leave, token } from '../api/session.js'
import { who } from '../api/who.js'
import { openSearch } from '../keys/search-state.js'
import { revision, workers } from '../live/changes.js'
import { type LiveState, liveState } from '../live/follow.js'
import { address, DEFAULT_PROJECT, hrefOf } from '../state/address.js'
import { count, counted } from '../text/words.js'
import { Icon, Logo } from './small.js'

export function Header() {
  const { path, query } = address.value
  const [section = 'prompts', second] = path
  const current = section === 'new' ? second : section
  const project = query.project ?? DEFAULT_PROJECT
  const sections = [
    ...kinds.value.map(({ plural, title }) => ({ name: plural, title })),
    { name: 'rollouts', title: 'Rollouts' },
    { name: 'changelog', title: 'Changelog' },
    { name: 'health', title: 'Health' },
  ]
  return (
    <header class="top">
      <a class="brand" href={hrefOf(['prompts'])}>
        <Logo /> <span>agent-config</span>
      </a>
      <nav aria-label="Sections">
        {sections.map(({ name, title }) => (
          <a key={name} href={hrefOf([name], { project })} aria-current={name === current ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <button type="button" class="search" onClick={openSearch} aria-label="Search" aria-keyshortcuts="/">
        <Icon name="search" />
        <span>Search names and text</span>
        <kbd>/</kbd>
      </button>
      <Live />
      <Person />
    </header>
  )
}

/** Who is signed in. A session of the host is ended by the host, so there is nothing to sign out of here. */
function Person() {
  const name = who.value?.signed_in ? who.value.name : undefined
  const isByToken = token.value !== undefined
  return (
    <p class="who">
      {name !== undefined && (
        <span class="name" title={isByToken ? name : `${name}, signed in to the host`}>
          <Icon name="person" />
          <span>{name}</span>
        </span>
      )}
      {(isByToken || name === undefined) && (
        <button type="button" class="small quiet" onClick={() => (isByToken ? leave() : void askToSignIn())}>
          <Icon name={isByToken ? 'leave' : 'person'} />
          <span>{isByToken ? 'Sign out' : 'Sign in'}</span>
        </button>
      )}
    </p>
  )
}

const STATES: Readonly<Record<LiveState, string>> = { connecting: 'Connecting', live: 'Live', offline: 'Not connected' }

/** How many workers serve which revision, as far as it is known. */
function Live() {
  const facts = [
    workers.value !== undefined && counted(workers.value, 'worker'),
    revision.value !== undefined && `revision ${count(revision.value)}`,
  ].filter(Boolean)
  return (
    <p class="live" data-state={liveState.value} title={STATES[liveState.value]}>
      <i />
      <span role="status" class={liveState.value === 'offline' ? undefined : 'unseen'}>
        {STATES[liveState.value]}
      </span>
      {liveState.value !== 'offline' && <span>{facts.join(' · ') || STATES[liveState.value]}</span>}
    </p>
  )
}
