import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Edit } from './broken-builds.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** What the tests named in the list need. */
const COPIED = ['src', 'migrations', 'test', 'package.json', 'tsconfig.json']

/** A copy of this repository whose source can be broken. */
export class BrokenCopy {
  readonly folder: string

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'agent-config-broken-'))
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.folder, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'))
  }

  /** Runs `work` while the edits are in place. */
  async during<Value>(edits: readonly Edit[], work: () => Promise<Value>): Promise<Value> {
    const files = [...new Set(edits.map(({ file }) => file))]
    const whole = new Map(files.map((file) => [file, readFileSync(join(this.folder, file), 'utf8')]))
    try {
      for (const file of files) {
        const own = edits.filter((edit) => edit.file === file)
        writeFileSync(join(this.folder, file), own.reduce(applied, whole.get(file) as string))
      }
      return await work()
    } finally {
      for (const [file, text] of whole) writeFileSync(join(this.folder, file), text)
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The text of a file of this repository after an edit. @throws when the place is not there, or is there more than once */
export function editedSource(edit: Edit): string {
  return applied(readFileSync(join(ROOT, edit.file), 'utf8'), edit)
}

function applied(text: string, { file, find, put }: Edit): string {
  const words = find.trim().split(/\s+/)
  const place = new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('\\s+'), 'g')
  const found = text.match(place)?.length ?? 0
  if (found !== 1) throw new Error(`${file} has this ${found} times, wanted once: ${find}`)
  return text.replace(place, () => put)
}
