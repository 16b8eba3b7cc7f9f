/**
 * A page whose relative links and pictures are addresses, so that they work where the page stands alone, as on npm.
 *
 * Links name the files of a tag, pictures their bytes. Code is left as it is.
 */
export function withAbsoluteLinks(markdown: string, address: string, ref: string): string {
  return outsideOfCode(markdown, (text) =>
    text.replace(
      /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\((?!https?:|mailto:|#)([^)\s]+)\)/g,
      (_whole, picture: string, label: string, target: string) => {
        const inner = withAbsoluteLinks(label, address, ref)
        return `${picture}[${inner}](${address}/${picture ? 'raw' : 'blob'}/${ref}/${target.replace(/^\.\//, '')})`
      },
    ),
  )
}

/**
 * The changelog with what was unreleased under a version and its date.
 *
 * @throws {Error} when there is nothing unreleased
 */
export function withRelease(changelog: string, version: string, date: string): string {
  const heading = /^## Unreleased\n/m.exec(changelog)
  const rest = heading ? changelog.slice(heading.index + heading[0].length) : ''
  const isEmpty = rest.slice(0, /^## /m.exec(rest)?.index).trim() === ''
  if (!heading || isEmpty) throw new Error('CHANGELOG.md has nothing under "## Unreleased".')
  return `${changelog.slice(0, heading.index)}## ${version} - ${date}\n${rest}`
}

function outsideOfCode(markdown: string, change: (text: string) => string): string {
  return markdown
    .split(/(^```[\s\S]*?^```|`[^`\n]+`)/m)
    .map((part) => (part.startsWith('`') ? part : change(part)))
    .join('')
}

/** The lock file with the package's own version, which changesets leaves as it was: the next `npm install` would change the file. */
export function withVersion(lock: string, version: string): string {
  const { packages, ...rest } = JSON.parse(lock) as { readonly packages: Readonly<Record<string, object>> }
  const changed = { ...rest, version, packages: { ...packages, '': { ...packages[''], version } } }
  return `${JSON.stringify(changed, null, 2)}\n`
}
