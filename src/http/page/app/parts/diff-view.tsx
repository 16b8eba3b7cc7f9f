import { useMemo, useState } from 'preact/hooks'
import { compareTexts, type DiffLine, differs } from '../text/diff.js'
import { counted } from '../text/words.js'

/** Lines shown before one asks for all of them. */
const MOST_LINES = 1_000
/** Lines of context left standing around a change. */
const CONTEXT = 2
const SHORTEST_FOLD = 6

/** Two texts as one, with what changed marked in place: by word, by sign and by colour. */
export function DiffView({ before, after, name }: { readonly before: string; readonly after: string; readonly name: string }) {
  const [isWhole, showWhole] = useState(false)
  const all = useMemo(() => compareTexts(before, after), [before, after])
  if (!differs(all)) return undefined
  const lines = isWhole ? all : all.slice(0, MOST_LINES)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by the keyboard
    <section class="diff" aria-label={name} tabIndex={0}>
      {foldsOf(lines, isWhole).map((part, place) =>
        Array.isArray(part) ? (
          part.map((line, number) => <Line key={`${place}:${number}`} line={line} />)
        ) : (
          <button type="button" class="fold" key={`fold:${place}`} onClick={() => showWhole(true)}>
            {counted(part as number, 'unchanged line')}
          </button>
        ),
      )}
      {lines.length < all.length && (
        <button type="button" class="fold" onClick={() => showWhole(true)}>
          {counted(all.length - lines.length, 'more line')}
        </button>
      )}
    </section>
  )
}

function Line({ line: { pieces, isSame } }: { readonly line: DiffLine }) {
  return (
    <p class={isSame ? undefined : 'changed'}>
      {pieces.map(({ type, text }, place) => {
        const shown = text === '' ? ' ' : text
        if (type === 'removed') return <del key={place}>{shown}</del>
        if (type === 'added') return <ins key={place}>{shown}</ins>
        return text
      })}
    </p>
  )
}

/** Runs of lines, and numbers of lines folded away between them. */
function foldsOf(lines: readonly DiffLine[], isWhole: boolean): readonly (readonly DiffLine[] | number)[] {
  if (isWhole) return [lines]
  const near = lines.map((_, place) => lines.slice(Math.max(0, place - CONTEXT), place + CONTEXT + 1).some(({ isSame }) => !isSame))
  const parts: (DiffLine[] | number)[] = []
  for (let place = 0; place < lines.length; ) {
    let end = place
    while (end < lines.length && near[end] === near[place]) end++
    const isFolded = !near[place] && end - place >= SHORTEST_FOLD
    parts.push(isFolded ? end - place : lines.slice(place, end))
    place = end
  }
  return parts
}
