import { dirname, join } from 'node:path'
import { SettingsError } from '../../shared/errors.js'
import type { Setup } from '../setup.js'
import { shownPath } from '../sources/file-error.js'
import { originText } from '../sources/origin.js'
import type { Sources } from '../sources/read-sources.js'
import { saidAt } from '../sources/said-at.js'
import { firstFile, isLocalFile, wantedFiles } from '../sources/settings-files.js'
import type { Complaint } from '../tree/tree.js'

/** One error that lists every problem, says where each comes from and what to do about what is missing. */
export function report(
  setup: Setup,
  found: { readonly complaints: readonly Complaint[]; readonly warnings: readonly string[]; readonly sources: Sources },
): SettingsError {
  const { complaints, warnings, sources } = found
  const { name, chosenBy } = setup.environment
  const count = complaints.length === 1 ? '1 problem' : `${complaints.length} problems`
  const heads = complaints.map(({ path, message }, index) => `  ${index + 1}. ${path.join('.') || 'The settings'} ${message}`)
  const width = Math.min(60, Math.max(...heads.map((head) => head.length)))
  const lines = complaints.flatMap((complaint, index) => {
    const head = heads[index] ?? ''
    if (complaint.message.startsWith('is required')) return [head, ...advice(setup, complaint.path, sources)]
    return [complaint.origin ? `${head.padEnd(width)}   from ${originText(complaint.origin, complaint.path)}` : head]
  })
  const chosen = chosenBy === 'default' ? 'the default' : `chosen by ${chosenBy}`
  return new SettingsError(
    [`${count} in the settings (environment "${name}", ${chosen})`, ...lines, ...warnings.map((warning) => `  warning: ${warning}`)].join(
      '\n',
    ),
    {
      problems: complaints.map(({ path, message, origin }) => ({
        path: path.join('.'),
        message,
        ...(origin ? { origin: originText(origin, path) } : {}),
      })),
      warnings,
      environment: name,
    },
  )
}

/** How to set a missing setting, and where it was found in a place that is not read. */
function advice(setup: Setup, path: readonly string[], sources: Sources): string[] {
  const key = path.join('.')
  const files = wantedFiles(setup)
  const own = files.findLast((file) => file.layer === 'file')
  const secret = files.find((file) => file.layer === 'secrets')
  const places = [own, secret].flatMap((file) => (file?.paths[0] === undefined ? [] : [shownPath(file.paths[0])]))
  const where = places.length > 0 ? `, or ${key} in ${places.join(' or ')}` : ''
  return [`       set ${setup.names.nameOf(path)}${where}`, ...localNote(setup, path), ...unreadNote(setup, path, sources)]
}

function localNote(setup: Setup, path: readonly string[]): string[] {
  if (setup.environment.name.toLowerCase() === 'local') return []
  const files = wantedFiles({ ...setup, environment: { name: 'local', chosenBy: '' } }).flatMap((file) => file.paths)
  try {
    const file = firstFile(setup, [files.find(isLocalFile) ?? join(dirname(files[0] ?? setup.root), 'settings.local.toml')])
    const tables = file ? [file.data, ...Object.values(file.data)] : []
    const isThere = tables.some(
      (value) => saidAt({ path: [], value, origin: { layer: 'file', name: '', folder: '' }, isSecret: false }, path) !== undefined,
    )
    return isThere && file ? [`       note: ${shownPath(file.path)} has it, but is only read when the environment is "local"`] : []
  } catch {
    // Only a hint: settings.local.toml is not read in this environment, so it does not matter that it is broken.
    return []
  }
}

/** A variable that is set and not read, because it lacks the prefix or the schema names no keys. */
function unreadNote(setup: Setup, path: readonly string[], sources: Sources): string[] {
  const name = path.join('__')
  if (setup.names.find(name)) return []
  const variable = sources.dotenv.get(name)
  if (variable && setup.prefix !== undefined)
    return [`       note: ${variable.shown}:${variable.line ?? 1} has ${name}, but without the prefix ${setup.prefix}_`]
  if (setup.prefix !== undefined || setup.shape || setup.env.get(name) === undefined) return []
  return [`       note: ${name} is set, but not read: this schema does not tell its keys, so variables need a prefix`]
}
