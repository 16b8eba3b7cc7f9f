import type { SourceFile } from './import-graph.js'

/** What one room may reach. */
export interface RoomRule {
  readonly rooms: readonly string[]
  readonly packages: readonly string[]
  /** Whether Node's own modules are open to it. A room without them also runs in a browser. */
  readonly node: boolean
}

/** Rooms by name: the folders of `src/`, the admin page inside `http`, and `migrations`. */
export type RoomTable = Readonly<Record<string, RoomRule>>

/**
 * Every import that the table does not allow, as a sentence; empty when all is well.
 *
 * Files that stand in `src/` itself are doors: they may import every room and each other, and no room imports them.
 * Examples live outside: what they import from the tree, beside each other, is a door.
 */
export function trespassesIn(sources: readonly SourceFile[], table: RoomTable): readonly string[] {
  return sources.flatMap((source) => {
    const from = placeOf(source.path)
    if (from.kind === 'example')
      return source.files.flatMap((file) => (isOpenToExamples(file) ? [] : [`${source.path} imports ${file}: no door`]))
    if (from.kind !== 'room') return []
    const rule = table[from.room]
    if (!rule) return [`${source.path} stands in "${from.room}", a room the table does not know`]
    return [
      ...source.files.flatMap((file) => {
        const to = placeOf(file)
        const isAllowed = to.kind === 'room' && (to.room === from.room || rule.rooms.includes(to.room))
        return isAllowed ? [] : [`${source.path} imports ${file}: closed to ${from.room}`]
      }),
      ...source.packages
        .filter((name) => !rule.packages.includes(name))
        .map((name) => `${source.path} imports the package ${name}: not of ${from.room}`),
      ...(rule.node ? [] : source.builtins.map((name) => `${source.path} imports ${name}: ${from.room} does without Node`)),
    ]
  })
}

type Place =
  | { readonly kind: 'room'; readonly room: string }
  | { readonly kind: 'door' }
  | { readonly kind: 'example' }
  | { readonly kind: 'elsewhere' }

function placeOf(path: string): Place {
  const [top, room, ...rest] = path.split('/')
  if (top === 'examples') return { kind: 'example' }
  if (top === 'migrations') return { kind: 'room', room: 'migrations' }
  if (top !== 'src') return { kind: 'elsewhere' }
  if (path.startsWith('src/http/page/')) return { kind: 'room', room: 'http/page' }
  return rest.length > 0 ? { kind: 'room', room: room! } : { kind: 'door' }
}

function isOpenToExamples(file: string): boolean {
  const { kind } = placeOf(file)
  return kind === 'example' || kind === 'door' || /^src\/[^/]+\/index\.ts$/.test(file)
}
