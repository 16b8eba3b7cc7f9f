import { post } from '../api/call.js'
import { counted } from '../text/words.js'

interface Entry {
  readonly kind: string
  readonly name: string
}

/** What an import wrote, or would write. */
export interface ImportReport {
  readonly project: string
  readonly versions: readonly (Entry & { readonly version: number })[]
  readonly labels: readonly (Entry & { readonly label: string; readonly from: number | null; readonly to: number })[]
  readonly activated: readonly (Entry & { readonly version: number })[]
  readonly deactivated: readonly (Entry & { readonly version: number })[]
  readonly rollouts: readonly (Entry & { readonly label: string })[]
  readonly unchanged: number
}

/** Everything that happens to one name. */
export interface Row extends Entry {
  readonly created: readonly number[]
  readonly labels: ImportReport['labels']
  readonly activated: readonly number[]
  readonly deactivated: readonly number[]
  readonly rollouts: readonly string[]
}

/** What an import of the bundle would do now. Nothing is written. */
export function planImport(bundle: unknown, project: string): Promise<ImportReport> {
  return post('/import', bundle, { project, dry_run: true })
}

export function runImport(bundle: unknown, project: string, summary: string | undefined): Promise<ImportReport> {
  return post('/import', bundle, { project, summary: summary?.trim() || undefined })
}

/** By name, in the order of the report. */
export function rowsOf({ versions, labels, activated, deactivated, rollouts }: ImportReport): readonly Row[] {
  const entries = [...versions, ...labels, ...activated, ...deactivated, ...rollouts]
  const unique = new Map(entries.map(({ kind, name }) => [JSON.stringify([kind, name]), { kind, name }]))
  return [...unique.values()].map(({ kind, name }) => {
    const own = <Item extends Entry>(items: readonly Item[]): readonly Item[] =>
      items.filter((item) => item.kind === kind && item.name === name)
    return {
      kind,
      name,
      created: own(versions).map(({ version }) => version),
      labels: own(labels),
      activated: own(activated).map(({ version }) => version),
      deactivated: own(deactivated).map(({ version }) => version),
      rollouts: own(rollouts).map(({ label }) => label),
    }
  })
}

/** "12 new versions, 3 labels move"; empty when nothing is to do. */
export function inWords({ versions, labels, activated, deactivated, rollouts }: ImportReport): string {
  return [
    versions.length > 0 && counted(versions.length, 'new version'),
    labels.length > 0 && `${counted(labels.length, 'label')} ${labels.length === 1 ? 'moves' : 'move'}`,
    activated.length > 0 && `${counted(activated.length, 'version')} activated`,
    deactivated.length > 0 && `${counted(deactivated.length, 'version')} deactivated`,
    rollouts.length > 0 && `${counted(rollouts.length, 'rollout')} started`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** "v1, v2, v5–v9" */
export function versionsText(versions: readonly number[]): string {
  const runs: [first: number, last: number][] = []
  for (const version of [...versions].sort((one, other) => one - other)) {
    const run = runs.at(-1)
    if (run && version === run[1] + 1) run[1] = version
    else runs.push([version, version])
  }
  return runs.map(([first, last]) => (first === last ? `v${first}` : `v${first}–v${last}`)).join(', ')
}
