/**
 * A version in a form whose order as text is its order as a version, by GrowthBook's rules: a leading `v` and build information are left
 * out, numbers are padded to five places, and a release comes after its own pre-releases.
 *
 * @see https://docs.growthbook.io/lib/build-your-own#version-string-comparison
 */
export function paddedVersion(version: unknown): string {
  const given = typeof version === 'number' ? String(version) : version
  const text = typeof given === 'string' && given !== '' ? given : '0'
  const parts = text.replace(/^v|\+.*$/g, '').split(/[-.]/)
  // `~` sorts after every letter and digit, and so 1.0.0 after 1.0.0-beta.
  if (parts.length === 3) parts.push('~')
  return parts.map((part) => (/^[0-9]+$/.test(part) ? part.padStart(5, ' ') : part)).join('-')
}
