import type { Version } from '../api/wire.js'
import type { Target } from '../api/writes.js'
import { bodyOf, type Fields, fieldsOf } from '../editor/fields.js'
import { labelsOf, useContent, useVersions } from '../entity/data.js'
import { Failure } from '../parts/failure.js'
import { Empty, Loading } from '../parts/small.js'
import { DEFAULT_PROJECT, go, hrefOf } from '../state/address.js'
import { draftKey, readDraft, writeDraft } from '../state/drafts.js'
import { Bench } from './bench.js'
import { Column } from './column.js'
import type { Side } from './side.js'

/** One input, two versions side by side: as they are rendered, and what a model answers. */
export function TryView({ target, query }: { readonly target: Target; readonly query: Readonly<Record<string, string>> }) {
  const { kind, name, project } = target
  const versions = useVersions(target, 1)
  const items = versions.value?.items.filter(({ is_active }) => is_active) ?? []
  const own = labelsOf(items).get(kind.label)
  const draft = readDraft(draftKey(kind.kind, project, name))
  const first = choiceOf(query.a, items, draft !== undefined) ?? String(own ?? items[1]?.version ?? items[0]?.version)
  const second =
    choiceOf(query.b, items, draft !== undefined) ?? String(items.find(({ version }) => String(version) !== first)?.version ?? first)
  const left = useSide(target, items, first)
  const right = useSide(target, items, second)
  if (!versions.value) {
    return versions.error ? <Failure error={versions.error} retry={versions.reload} what={`The ${kind.noun} "${name}"`} /> : <Loading />
  }
  if (items.length === 0) {
    return (
      <Empty title="Nothing to try" level={1}>
        <p>"{name}" has no active version.</p>
        <a class="button primary" href={hrefOf([kind.plural, name], { project })}>
          Show its versions
        </a>
      </Empty>
    )
  }
  const choose = (a: string, b: string): void => go(hrefOf([kind.plural, name, 'try'], { project, a, b }), { replace: true })
  /** An edit of a version begins as its draft; one that is there already goes on. */
  const editAsDraft = (version: Version, isLeft: boolean): void => {
    if (!draft) {
      writeDraft(draftKey(kind.kind, project, name), {
        fields: fieldsOf(kind, version),
        base: version.version,
        newest: versions.value?.items[0]?.version,
        at: Date.now(),
      })
    }
    choose(isLeft ? 'draft' : first, isLeft ? second : 'draft')
  }
  const options = [
    ...(draft ? [{ value: 'draft', text: 'Your draft' }] : []),
    ...items.map(({ version, labels = [] }) => ({ value: String(version), text: [`v${version}`, ...labels].join(' · ') })),
  ]
  return (
    <section class="page try">
      <header class="title">
        <p class="crumbs">
          <a href={hrefOf([kind.plural], { project })}>{kind.title}</a>
          {project !== DEFAULT_PROJECT && ` / ${project}`} / <a href={hrefOf([kind.plural, name], { project })}>{name}</a>
        </p>
        <h1>Try it</h1>
      </header>
      <Bench
        target={target}
        sides={[left, right]}
        column={(side, rendered, beside, answer, place) => (
          <Column
            key={place}
            target={target}
            side={side}
            rendered={rendered}
            beside={beside}
            answer={answer}
            place={place}
            options={options}
            onChoose={(choice) => (place === 0 ? choose(choice, second) : choose(first, choice))}
            onEdit={(version) => editAsDraft(version, place === 0)}
          />
        )}
      />
    </section>
  )
}

function choiceOf(asked: string | undefined, items: readonly Version[], hasDraft: boolean): string | undefined {
  if (asked === 'draft') return hasDraft ? 'draft' : undefined
  return items.some(({ version }) => String(version) === asked) ? asked : undefined
}

/** What a column shows: a version with its content, or the draft on top of the version it began with. */
function useSide(target: Target, items: readonly Version[], choice: string): Side | undefined {
  const { kind, name, project } = target
  const draft = readDraft(draftKey(kind.kind, project, name))
  const number = choice === 'draft' ? draft?.base : Number(choice)
  const version = items.find((item) => item.version === number) ?? items[0]
  const { value } = useContent(target, version)
  if (!value) return undefined
  if (choice !== 'draft' || !draft) return { choice, version: value }
  const { body } = bodyOf(kind, draft.fields as Fields)
  return { choice, version: value, draft: { template: body.template, template_format: body.template_format } }
}
