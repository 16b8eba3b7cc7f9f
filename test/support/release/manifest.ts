/** The parts of package.json that say where the package lives. */
export interface Manifest {
  readonly version: string
  readonly repository?: { readonly type: 'git'; readonly url: string }
  readonly bugs?: { readonly url: string }
  readonly homepage?: string
}

/** Addresses that stand for one that is not known yet. */
const PLACEHOLDER = /\b(?:example|owner|your-|placeholder|todo|user\/repo|localhost)\b/i

/**
 * The manifest with repository, bugs and homepage, after the version and before everything else.
 *
 * @throws {Error} when the address is not `https://host/owner/name`, or a placeholder
 */
export function withRepository<T extends Manifest>(manifest: T, address: string): T {
  const url = address.trim().replace(/\/$|\.git$/g, '')
  if (!/^https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/.test(url)) throw new Error(`"${address}" is no address like https://host/owner/name.`)
  if (PLACEHOLDER.test(url)) throw new Error(`"${address}" looks like a placeholder.`)
  const places = { repository: { type: 'git', url: `git+${url}.git` }, bugs: { url: `${url}/issues` }, homepage: `${url}#readme` }
  return Object.fromEntries(
    Object.entries(manifest)
      .filter(([key]) => !(key in places))
      .flatMap(([key, value]) => (key === 'version' ? [[key, value], ...Object.entries(places)] : [[key, value]])),
  ) as T
}

/** The repository's address as a browser takes it, or `undefined` while it is not known. */
export function addressOf({ repository }: Manifest): string | undefined {
  return repository?.url.replace(/^git\+|\.git$/g, '')
}

/** Why a package is not ready to be published, as sentences; empty when it is. */
export function complaintsAbout(manifest: Manifest, readme: string, changelog: string): readonly string[] {
  const address = addressOf(manifest)
  if (!address || !manifest.bugs || !manifest.homepage) {
    return ['package.json has no repository, bugs or homepage: npm run release:setup']
  }
  const relative = [...readme.matchAll(/\]\((?!https?:|#)([^)\s]+)\)/g)].map(([, target]) => target)
  const [, unreleased = ''] = /^## Unreleased\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(changelog) ?? []
  return [
    ...(PLACEHOLDER.test(address) ? [`"${address}" looks like a placeholder.`] : []),
    ...(relative.length > 0
      ? [`README.md has ${relative.length} links that work in the repository only, such as ${relative[0]}. Publish by: npm run release`]
      : []),
    ...(changelog.includes(`\n## ${manifest.version}`)
      ? []
      : [`CHANGELOG.md has no heading for ${manifest.version}: npm run release:version`]),
    ...(unreleased.trim() === ''
      ? []
      : [`CHANGELOG.md has changes under "## Unreleased", which are not in version ${manifest.version}: npm run release:version`]),
  ]
}
