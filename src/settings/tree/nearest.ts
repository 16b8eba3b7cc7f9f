/** The known name nearest to a mistyped one, or `undefined` when none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const wanted = fold(name)
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1
  for (const candidate of known) {
    const folded = fold(candidate)
    // The distance is at least the difference of the lengths.
    if (Math.abs(folded.length - wanted.length) >= bestDistance) continue
    const distance = editDistance(wanted, folded)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

const fold = (name: string): string => name.toLowerCase().replaceAll(/[_.-]/g, '')

/** Insertions, deletions, replacements and swaps of neighbours. */
function editDistance(left: string, right: string): number {
  let older: number[] = []
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const isEqual = left[row - 1] === right[column - 1]
      let least = Math.min((previous[column - 1] ?? 0) + (isEqual ? 0 : 1), (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1)
      const isSwap = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
      if (isSwap) least = Math.min(least, (older[column - 2] ?? 0) + 1)
      current.push(least)
    }
    older = previous
    previous = current
  }
  return previous[right.length] ?? 0
}
