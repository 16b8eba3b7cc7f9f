import { isSame } from '../../file-format/canonical.js'
import { AlreadyExistsError } from '../../shared/errors.js'
import type { BundleEntity, BundleRollout, BundleVersion } from './bundle.js'

/** What an import does to one entity. */
export interface EntityPlan {
  readonly create: readonly BundleVersion[]
  /** How many versions are there already. */
  readonly unchanged: number
  readonly labels: readonly { readonly label: string; readonly from: number | null; readonly to: number }[]
  readonly activate: readonly number[]
  readonly deactivate: readonly number[]
  readonly rollouts: readonly BundleRollout[]
}

/**
 * What is missing in the target, so that it has what the bundle has. What it has beyond that stays as it is.
 *
 * @throws {AlreadyExistsError} when a version of the target has other content than the same version of the bundle
 */
export function planEntity(wanted: BundleEntity, stored: BundleEntity | undefined, project: string): EntityPlan {
  const there = new Map(stored?.versions.map((version) => [version.version, version]))
  for (const { version, content } of wanted.versions) {
    const known = there.get(version)
    // A purged version has no content to compare.
    if (!known || content === null || known.content === null || isSame(known.content, content)) continue
    throw new AlreadyExistsError(
      `Version ${version} of ${wanted.kind} "${wanted.name}" is in project "${project}" with other content than in the bundle, and nothing ` +
        'was imported. Import into another project, or copy what is missing by hand.',
    )
  }
  const changes = (isActive: boolean) =>
    wanted.versions
      .filter((version) => version.isActive === isActive && (there.get(version.version)?.isActive ?? true) !== isActive)
      .map(({ version }) => version)
  return {
    create: wanted.versions.filter(({ version }) => !there.has(version)),
    unchanged: wanted.versions.filter(({ version }) => there.has(version)).length,
    labels: Object.entries(wanted.labels)
      .map(([label, to]) => ({ label, from: stored?.labels[label] ?? null, to }))
      .filter(({ from, to }) => from !== to),
    activate: changes(true),
    deactivate: changes(false),
    rollouts: (wanted.rollouts ?? []).filter((rollout) => !stored?.rollouts?.some((known) => isSame(known, rollout))),
  }
}
