import type { ConfigurationManager } from '../../manager/configuration-manager.js'
import type { OnProgress } from '../progress.js'
import { BUNDLE_FORMAT, type Bundle, type BundleEntity } from './bundle.js'
import { type BundleRepositories, entityStores } from './entities.js'

/** What an export reads through: the real manager, or a double of it. */
export type ExportingManager = BundleRepositories & Pick<ConfigurationManager, 'kinds' | 'project' | 'changelog' | 'transaction'>

export interface ExportOptions {
  /** @default the manager's project */
  readonly project?: string
  readonly onProgress?: OnProgress
}

/** How often the project is read again because another process wrote meanwhile, before writers are made to wait. */
const UNDISTURBED_TRIES = 3

/**
 * Everything of a project: all kinds that the manager knows, all versions, labels, and the rollouts that are open. All of it is of one
 * moment. Who wrote what and when stays in the changelog of the database.
 *
 * @throws {StoreUnavailableError} when PostgreSQL does not answer
 * @throws {ContentError} when the `upgrade` of a kind fails on a version
 */
export async function exportBundle(manager: ExportingManager, options: ExportOptions = {}): Promise<Bundle> {
  const project = options.project ?? manager.project
  const read = async (repositories: BundleRepositories): Promise<Bundle> => {
    const entities: BundleEntity[] = []
    let before = 0
    for (const store of entityStores(repositories, manager.kinds, project)) {
      let ofKind = 0
      entities.push(
        ...(await store.list((versions) => {
          ofKind = versions
          options.onProgress?.({ doing: 'read', done: before + versions })
        })),
      )
      before += ofKind
    }
    return { format: BUNDLE_FORMAT, project, entities }
  }
  for (let attempt = 0; attempt < UNDISTURBED_TRIES; attempt++) {
    const before = await revisionOf(manager)
    const bundle = await read(manager)
    if ((await revisionOf(manager)) === before) return bundle
  }
  // A transaction that writes nothing: no other configuration write commits while it is open.
  return manager.transaction(read)
}

async function revisionOf({ changelog }: ExportingManager): Promise<number | undefined> {
  return (await changelog.list({ limit: 1 })).items[0]?.revision
}
