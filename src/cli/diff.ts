import { diffWordsWithSpace } from 'diff'
import { readConfigFiles } from '../file-format/folder/read-config-files.js'
import { diffFiles } from '../files/push-files.js'
import type { PlannedFile } from '../files/push-plan.js'
import { type CliIo, type Command, parseCommandLine } from './command.js'
import { FILE_HELP, FILE_OPTIONS, folderOf, hostKinds, printJson, withFileManager } from './file-options.js'
import { filesAt } from './git-files.js'

export const diffCommand: Command = {
  name: 'diff',
  usage: '[NAME…] [--base REF]',
  summary: 'Shows what push would do. Ends with 0 when that is nothing, 1 when it is something, 2 when it cannot be told.',
  help: `  --base REF        compares with the files of a commit instead of lock.json
${FILE_HELP}

Words that would go stand in [-…-], words that would come in {+…+}.`,
  failureCode: 2,
  run,
}

async function run(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals: names } = parseCommandLine(args, { ...FILE_OPTIONS, base: { type: 'string' } })
  const directory = folderOf(values.dir, io)
  const kinds = await hostKinds(values.kinds, io)
  const files = readConfigFiles(directory, { kinds })
  const base = values.base === undefined ? undefined : await filesAt(values.base, files.directory ?? directory, kinds)
  const plan = await withFileManager(io, values, (manager) => diffFiles(manager, files, { names, ...(base && { base }) }))
  const different = plan.filter(({ action }) => action !== 'same')
  if (values.json) printJson(different.map(entryOf), io)
  else for (const planned of different) io.stdout(describe(planned))
  return different.length === 0 ? 0 : 1
}

function entryOf({ file: { path, kind, name, content }, action, stored, base }: PlannedFile) {
  return {
    path,
    kind,
    name,
    action,
    ...(base !== undefined && { base }),
    ...(stored && { stored: stored.version, from: stored.content }),
    to: content,
  }
}

function describe({ file, action, stored, base }: PlannedFile): string {
  const about = {
    create: 'new',
    change: `v${stored?.version} → v${(stored?.version ?? 0) + 1}`,
    conflict: `conflict: v${stored?.version} is stored, the file is based on ${base === undefined ? 'no version' : `v${base}`}`,
    same: '',
  }[action]
  const fields = Object.entries(file.content).flatMap(([field, to]) => {
    const from = stored?.content[field] ?? null
    if (JSON.stringify(from) === JSON.stringify(to) || (!stored && to === null)) return []
    return [`  ${field}: ${words(textOf(from), textOf(to)).replaceAll('\n', '\n    ')}\n`]
  })
  return `${file.path}  ${about}\n${fields.join('')}`
}

function textOf(value: unknown): string {
  if (value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value, null, 1)
}

function words(from: string, to: string): string {
  return diffWordsWithSpace(from, to)
    .map(({ value, added, removed }) => (added ? `{+${value}+}` : removed ? `[-${value}-]` : value))
    .join('')
}
