import { useEffect, useRef, useState } from 'preact/hooks'
import { type Hit, searchNames, searchTexts } from '../api/search.js'
import { Dialog } from '../parts/dialog.js'
import { address, DEFAULT_PROJECT, go, hrefOf } from '../state/address.js'
import { problemText } from '../state/toasts.js'
import { counted } from '../text/words.js'
import { isSearchOpen } from './search-state.js'

const PAUSE_MS = 150

export function Search() {
  return isSearchOpen.value ? <Palette /> : undefined
}

/** Finds names while one types; the texts of the newest versions are read when asked for. */
function Palette() {
  const [text, type] = useState('')
  const [hits, found] = useState<readonly Hit[]>([])
  const [state, become] = useState<'idle' | 'searching' | 'names' | 'texts'>('idle')
  const [problem, fail] = useState<unknown>()
  const [chosen, choose] = useState(0)
  /** Aborted when something else is typed: what was found for the text before it is not shown. */
  const typed = useRef(new AbortController().signal)
  const project = address.value.query.project ?? DEFAULT_PROJECT

  const search = async (where: typeof searchNames, next: 'names' | 'texts', signal: AbortSignal): Promise<void> => {
    become('searching')
    fail(undefined)
    try {
      const result = await where(text.trim(), project, signal)
      if (signal.aborted) return
      found(result)
      choose(0)
    } catch (error) {
      if (signal.aborted) return
      fail(error)
    }
    become(next)
  }
  useEffect(() => {
    if (text.trim() === '') {
      found([])
      become('idle')
      return
    }
    const gone = new AbortController()
    typed.current = gone.signal
    const timer = setTimeout(() => void search(searchNames, 'names', gone.signal), PAUSE_MS)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  }, [text])

  const close = (): void => {
    isSearchOpen.value = false
  }
  const open = (hit: Hit | undefined): void => {
    if (!hit) return
    close()
    go(hrefOf([hit.kind.plural, hit.name], { project, v: hit.version }))
  }
  const readTexts = (): void => void search(searchTexts, 'texts', typed.current)
  return (
    <Dialog label="Search" onClose={close} className="palette">
      <input
        type="search"
        aria-label="Search names and text"
        placeholder="Search names and text"
        value={text}
        // biome-ignore lint/a11y/noRedundantRoles: without a list attribute it is a searchbox
        role="combobox"
        list={undefined}
        aria-expanded={hits.length > 0}
        aria-controls="hits"
        aria-activedescendant={hits[chosen] ? `hit-${chosen}` : undefined}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') hits.length > 0 ? open(hits[chosen]) : state === 'names' && readTexts()
          else if (event.key === 'ArrowDown') choose(Math.min(chosen + 1, hits.length - 1))
          else if (event.key === 'ArrowUp') choose(Math.max(chosen - 1, 0))
          else return
          event.preventDefault()
        }}
      />
      <div id="hits" role="listbox" aria-label="Found" hidden={hits.length === 0}>
        {hits.map((hit, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keyboard
          <div
            key={`${hit.kind.kind}:${hit.name}:${hit.snippet ?? ''}`}
            id={`hit-${place}`}
            role="option"
            aria-selected={place === chosen}
            tabIndex={-1}
            onClick={() => open(hit)}
          >
            <b>{hit.name}</b> <small>{hit.kind.noun}</small>
            {hit.snippet && <span class="snippet-line">{hit.snippet}</span>}
          </div>
        ))}
      </div>
      <p class="hint" role="status">
        {state === 'searching' && 'Searching'}
        {state === 'names' && (hits.length === 0 ? 'No name contains that. ' : `${counted(hits.length, 'name')}. `)}
        {state === 'texts' &&
          (hits.length === 0 ? 'No name and no text contains that.' : `${counted(hits.length, 'match')}`.replace('matchs', 'matches'))}
        {problem !== undefined && problemText(problem)}
      </p>
      {state === 'names' && (
        <button type="button" class="small" onClick={readTexts}>
          Search the texts too
        </button>
      )}
    </Dialog>
  )
}
