import { useEffect } from 'preact/hooks'
import { takes } from '../api/abilities.js'
import { get } from '../api/call.js'
import type { Kind } from '../api/kinds.js'
import { getPage } from '../api/pages.js'
import type { Change, ChangeEvent, Page, Rollout, Version } from '../api/wire.js'
import { pathOf, type Target } from '../api/writes.js'
import { type Loaded, useLoaded } from '../live/use-loaded.js'

const PAGE_SIZE = 100
const CONTENT_PAGE_SIZE = 20

/** The newest versions of one name, and whether there are older ones. */
export interface Versions {
  readonly items: readonly Version[]
  readonly hasMore: boolean
}

export const keyOf = ({ kind, project, name }: Target): string => JSON.stringify([kind.kind, project, name])

export const isAbout =
  ({ kind, project, name }: Target) =>
  (event: ChangeEvent): boolean =>
    // Context rules are told without a name: they are read as one.
    event.kind === kind.kind && event.project === project && (event.name === name || event.name === '')

export function useVersions(target: Target, pages: number): Loaded<Versions> {
  const loaded = useLoaded(`versions:${keyOf(target)}`, (signal) => loadVersions(target, pages * PAGE_SIZE, signal), isAbout(target))
  // Not where the button is clicked: there, a load would still ask for as many pages as before.
  useEffect(() => {
    if (pages > 1) loaded.reload()
  }, [pages])
  return loaded
}

export function useRollouts(target: Target): Loaded<readonly Rollout[]> {
  const { kind, name, project } = target
  const load = async (signal: AbortSignal) => {
    if (!kind.hasLabels) return []
    return (await getPage<Rollout>('/rollouts', { kind: kind.kind, name, project, limit: 20 }, { signal })).items
  }
  return useLoaded(`rollouts:${keyOf(target)}`, load, isAbout(target))
}

/** The newest changes of one name: what the rail says about each version, and where a label was before. */
export function useChanges(target: Target, limit: number): Loaded<Page<Change>> {
  const { kind, name, project } = target
  const query = { kind: kind.kind, name, project, limit }
  return useLoaded(`changes:${limit}:${keyOf(target)}`, (signal) => getPage<Change>('/changelog', query, { signal }), isAbout(target))
}

/** One version with its content. Lists may come without. */
export function useContent(target: Target, version: Version | undefined): Loaded<Version> {
  const load = async (signal: AbortSignal): Promise<Version> => {
    if (!version) throw new Error('There is no such version.')
    if (hasContent(target.kind, version)) return version
    return version.is_active ? loadVersion(target, version.version, signal) : loadInactive(target, version.version, signal)
  }
  // A version's content never changes, so that nothing is loaded again but for its labels, which the list has.
  return useLoaded(`content:${version?.version}:${keyOf(target)}`, load, () => false)
}

async function loadVersion(target: Target, version: number, signal: AbortSignal): Promise<Version> {
  return get<Version>(pathOf(target), { project: target.project, version }, { signal })
}

/** Reads by version give what is active only; lists have the others too. A few at a time, newest first, since contents may be long. */
async function loadInactive({ kind, name, project }: Target, version: number, signal: AbortSignal): Promise<Version> {
  let cursor: string | undefined
  do {
    const query = { name, project, active_only: false, include: 'content', limit: CONTENT_PAGE_SIZE, cursor }
    const page: Page<Version> = await getPage(`/${kind.plural}`, query, { signal })
    const found = page.items.find((item) => item.version === version)
    if (found) return found
    cursor = page.cursor ?? undefined
  } while (cursor !== undefined)
  throw new Error(`There is no version ${version}.`)
}

/** Searching finds look-alikes too: an API that takes a whole name is asked for it, the others are read on until it is found. */
async function loadVersions({ kind, name, project }: Target, wanted: number, signal: AbortSignal): Promise<Versions> {
  const path = `/${kind.plural}`
  const isExact = takes('GET', path, 'name')
  const items: Version[] = []
  let cursor: string | undefined
  do {
    const query = { ...(isExact ? { name } : { search: name }), project, active_only: false, limit: isExact ? wanted : PAGE_SIZE, cursor }
    const page = await getPage<Version>(path, query, { signal })
    items.push(...page.items.filter((item) => item.name === name))
    cursor = page.cursor ?? undefined
  } while (cursor !== undefined && items.length < wanted)
  return { items: items.slice(0, wanted), hasMore: cursor !== undefined || items.length > wanted }
}

function hasContent({ fields }: Kind, version: Version): boolean {
  return fields.every(({ name }) => version[name] !== undefined)
}

/** Which version each label is on. */
export function labelsOf(versions: readonly Version[]): ReadonlyMap<string, number> {
  return new Map(
    versions
      .filter(({ is_active }) => is_active)
      .flatMap(({ labels = [], version }) => labels.map((label): [string, number] => [label, version]))
      .sort(([one], [other]) => one.localeCompare(other)),
  )
}

/** Where a label was before its last move, as far as the loaded changes say: what "Roll back" would lead to. */
export function versionBefore(label: string, changes: readonly Change[], versions: readonly Version[]): number | undefined {
  const current = labelsOf(versions).get(label)
  const isActive = (version: number): boolean => versions.find((item) => item.version === version)?.is_active ?? true
  for (const { previous_data } of changes) {
    const before = (previous_data?.labels as Readonly<Record<string, number | null>> | undefined)?.[label]
    if (typeof before === 'number' && before !== current && isActive(before)) return before
  }
  return undefined
}
