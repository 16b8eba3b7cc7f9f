import type { SourceFile } from './import-graph.js'

/** The sub-folders of a room, each of which may import those before it. Files that stand in the room itself put the parts together. */
export type SubRooms = Readonly<Record<string, readonly string[]>>

/** Every import from a sub-folder to one after it, to a file of the room itself, or from a folder that the list does not know. */
export function climbsIn(sources: readonly SourceFile[], table: SubRooms): readonly string[] {
  return sources.flatMap(({ path, files }) => {
    const [, room = '', folder, ...inside] = path.split('/')
    const order = table[room]
    if (!order || folder === undefined || inside.length === 0) return []
    const own = order.indexOf(folder)
    if (own < 0) return [`${path} stands in "${room}/${folder}", which the list does not know`]
    return files
      .filter((file) => file.startsWith(`src/${room}/`))
      .flatMap((file) => (isBelow(file, order, own) ? [] : [`${path} imports ${file}`]))
  })
}

function isBelow(file: string, order: readonly string[], own: number): boolean {
  const [, , folder = '', ...inside] = file.split('/')
  return inside.length > 0 && order.indexOf(folder) <= own
}
