import { useEffect, useRef, useState } from 'preact/hooks'
import type { Kind } from '../api/kinds.js'
import { canMoveProjects } from '../bundle/bundle-view.js'
import { Failure } from '../parts/failure.js'
import { Empty, Loading, When } from '../parts/small.js'
import { DEFAULT_PROJECT, go, hrefOf } from '../state/address.js'
import { type Row, useRows, type Wanted } from './list-data.js'

const TYPING_MS = 200

/** All names of a kind: the version readers get, the newest one, and what it says. */
export function ListView({
  kind,
  query,
  project,
}: {
  readonly kind: Kind
  readonly query: Readonly<Record<string, string>>
  readonly project: string
}) {
  const search = query.search ?? ''
  const wanted = query.show === 'inactive' ? 'inactive' : 'active'
  const rows = useRows(kind, project, search, wanted)
  const newHref = hrefOf(['new', kind.plural], { project, name: search || undefined })
  return (
    <section class="page">
      <header class="line">
        <h1>{kind.title}</h1>
        {canMoveProjects() && (
          <a class="button quiet" href={hrefOf(['bundle'], { project })}>
            Export and import
          </a>
        )}
        <a class="button primary" href={hrefOf(['new', kind.plural], { project })} data-key="n">
          New {kind.noun}
        </a>
      </header>
      <Filter kind={kind} search={search} project={project} wanted={wanted} />
      {rows.error !== undefined ? (
        <Failure error={rows.error} retry={rows.reload} what={kind.title} />
      ) : !rows.items ? (
        <Loading />
      ) : rows.items.length === 0 ? (
        wanted === 'inactive' ? (
          <Empty title="Nothing inactive">
            <p>Every {kind.noun} here has an active version.</p>
            <a class="button primary" href={hrefOf([kind.plural], { project })}>
              Show the active ones
            </a>
          </Empty>
        ) : search === '' ? (
          <Empty title={`No ${kind.title.toLowerCase()} yet`}>
            <p>The first {kind.noun} will be listed here.</p>
            <a class="button primary" href={newHref}>
              New {kind.noun}
            </a>
          </Empty>
        ) : (
          <Empty title="No match">
            <p>
              No active {kind.noun} has "{search}" in its name.
            </p>
            <p class="actions">
              <a class="button primary" href={hrefOf([kind.plural], { project })}>
                Clear the filter
              </a>
              <a class="button" href={hrefOf([kind.plural, search], { project })}>
                Open "{search}"
              </a>
            </p>
          </Empty>
        )
      ) : (
        <Table kind={kind} rows={rows.items} project={project} />
      )}
      {rows.more && (
        <button type="button" class="more" onClick={rows.more}>
          Load more
        </button>
      )}
    </section>
  )
}

/** The address holds what is filtered by, so that Back and a reload show the same. */
function Filter({
  kind,
  search,
  project,
  wanted,
}: {
  readonly kind: Kind
  readonly search: string
  readonly project: string
  readonly wanted: Wanted
}) {
  const [text, type] = useState(search)
  const [owner, own] = useState(project)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const shown = useRef(search)
  useEffect(() => {
    if (search !== shown.current) type(search)
    shown.current = search
  }, [search])
  const apply = (next: { search?: string; project?: string; show?: string }): void => {
    shown.current = next.search ?? text
    go(
      hrefOf([kind.plural], {
        project: (next.project ?? owner) || DEFAULT_PROJECT,
        search: next.search ?? text,
        show: next.show ?? (wanted === 'inactive' ? wanted : undefined),
      }),
      {
        replace: true,
      },
    )
  }
  return (
    <form class="toolbar" onSubmit={(event) => event.preventDefault()}>
      <label class="field grow">
        <span>Filter by name</span>
        <input
          type="search"
          value={text}
          onInput={(event) => {
            const value = event.currentTarget.value
            type(value)
            clearTimeout(timer.current)
            timer.current = setTimeout(() => apply({ search: value }), TYPING_MS)
          }}
        />
      </label>
      <label class="field">
        <span>Show</span>
        <select value={wanted} onChange={(event) => apply({ show: event.currentTarget.value === 'inactive' ? 'inactive' : '' })}>
          <option value="active">Active</option>
          <option value="inactive">Inactive</option>
        </select>
      </label>
      <label class="field">
        <span>Project</span>
        <input
          value={owner}
          maxLength={100}
          onInput={(event) => own(event.currentTarget.value.trim())}
          onChange={(event) => apply({ project: event.currentTarget.value.trim() })}
        />
      </label>
    </form>
  )
}

function Table({ kind, rows, project }: { readonly kind: Kind; readonly rows: readonly Row[]; readonly project: string }) {
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">Name</th>
          {kind.hasLabels && kind.label !== 'latest' && <th scope="col">{kind.label}</th>}
          <th scope="col">Newest</th>
          <th scope="col">About</th>
          <th scope="col">Changed</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ newest, served }) => (
          <tr key={newest.name}>
            <td class="name">
              <a
                href={hrefOf([kind.plural, newest.name], { project })}
                data-row="focus"
                title={newest.name.length > 60 ? newest.name : undefined}
              >
                {newest.name}
              </a>
            </td>
            {kind.hasLabels && kind.label !== 'latest' && (
              <td data-heading={kind.label}>
                {served === undefined ? <span class="quiet">none</span> : <span class={`label ${kind.label}`}>v{served}</span>}
              </td>
            )}
            <td data-heading="Newest" class={served !== undefined && served < newest.version ? 'ahead' : undefined}>
              v{newest.version}
            </td>
            <td data-heading="About" class="about">
              <span>{kind.about(newest)}</span>
            </td>
            <td data-heading="Changed" class="when">
              <span>
                <When iso={newest.created_at} /> {newest.created_by && `· ${newest.created_by}`}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
