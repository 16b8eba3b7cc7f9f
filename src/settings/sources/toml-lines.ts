/**
 * Finds the line on which a key of a TOML document is said. The parser gives no positions, so the text is scanned a
 * second time, and only when a report asks for lines.
 *
 * @returns a function from a path to a line, counted from 1; a path inside an inline table gives the table's line
 */
export function tomlLines(text: string): (path: readonly string[]) => number | undefined {
  const index = new Map<string, number>()
  let table: readonly string[] = []
  let line = 0
  let open: Open = { depth: 0, quote: '' }
  for (const content of text.split('\n')) {
    line++
    if (open.depth === 0 && open.quote === '') {
      const header = /^\s*\[{1,2}([^\]]*)\]/.exec(content)?.[1]
      if (header !== undefined) {
        table = readKey(header)
        remember(index, table, line)
        continue
      }
      const equals = equalsAt(content)
      if (equals < 0) continue
      remember(index, [...table, ...readKey(content.slice(0, equals))], line)
      open = scanValue(content.slice(equals + 1), open)
    } else {
      open = scanValue(content, open)
    }
  }
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const found = index.get(keyOf(path.slice(0, length)))
      if (found !== undefined) return found
    }
    return undefined
  }
}

/** What is still open at the end of a line: brackets, or a string of three quotes. */
interface Open {
  readonly depth: number
  readonly quote: string
}

function remember(index: Map<string, number>, path: readonly string[], line: number): void {
  // A key that differs only in case is the same setting, and the later one wins.
  index.set(keyOf(path), line)
  // A table without a header of its own begins where its first key or part does.
  for (let length = path.length - 1; length > 0 && !index.has(keyOf(path.slice(0, length))); length--)
    index.set(keyOf(path.slice(0, length)), line)
}

const keyOf = (path: readonly string[]): string =>
  path
    .flatMap((part) => part.split('__'))
    .join('\0')
    .toLowerCase()

function readKey(text: string): string[] {
  return [...text.matchAll(/"((?:\\.|[^"\\])*)"|'([^']*)'|([^\s."']+)/g)].map((part) => part[1] ?? part[2] ?? part[3] ?? '')
}

/** The `=` behind a key, which may be quoted and contain one itself. */
function equalsAt(content: string): number {
  const key = /^(?:"(?:\\.|[^"\\])*"|'[^']*'|[\w\s.-])+=/.exec(content)
  return key ? key[0].length - 1 : -1
}

function scanValue(content: string, before: Open): Open {
  let { depth, quote } = before
  for (let at = 0; at < content.length; at++) {
    const three = content.slice(at, at + 3)
    const letter = content[at] ?? ''
    if (quote !== '') {
      if (letter === '\\' && quote.startsWith('"')) at++
      else if (content.startsWith(quote, at)) {
        at += quote.length - 1
        quote = ''
      }
    } else if (three === '"""' || three === "'''") {
      quote = three
      at += 2
    } else if (letter === '"' || letter === "'") quote = letter
    else if (letter === '[' || letter === '{') depth++
    else if (letter === ']' || letter === '}') depth--
    else if (letter === '#') break
  }
  return { depth: Math.max(0, depth), quote: quote.length === 3 ? quote : '' }
}
