/** What a stranger cannot understand, and what to write instead. */
interface BannedWords {
  readonly pattern: RegExp
  readonly instead: string
  /** Files it is looked for in. @default all */
  readonly files?: RegExp
}

const BANNED: readonly BannedWords[] = [
  { pattern: /\bthe (?:original )?plan(?:'s)?\b/gi, instead: 'what is meant: "legacy message", "the settings file", "the query plan"' },
  { pattern: /\bby the side door\b/gi, instead: 'what arrives, and before what' },
  // In comments alone: on the admin page it is a person who is not known.
  {
    pattern: /(?<=^[^\S\n]*(?:\*|\/\/|\/\*\*|--)[^\n]*)\bsomebody\b/gim,
    files: /\.(?:ts|tsx|css)$/,
    instead: 'who: the writer, the caller, the host, an attacker',
  },
  { pattern: /\bwhat is none\b/gi, instead: '"anything else"' },
  { pattern: /\bthat are none\b/gi, instead: '"invalid", "missing"' },
  { pattern: /\bproof of itself\b/gi, instead: 'what may not be learnt from what' },
  { pattern: /\bsomething else than\b/gi, instead: '"anything but", "a message that contradicts …"' },
  { pattern: /\bhold(?:s)? for nobody\b/gi, instead: '"matches no subject"' },
  { pattern: /\bnone of (?:its|our|this|their) business\b/gi, instead: 'what is ignored' },
  { pattern: /\bnobody else's\b/gi, instead: '"its own"' },
  { pattern: /\bbears? (?:it|them) out\b/gi, instead: '"confirms"' },
]

/** Each banned word of a text, with its place and what to write instead. */
export function complaintsAboutWords(file: string, text: string): readonly string[] {
  const banned = BANNED.filter(({ files }) => files?.test(file) ?? true)
  return banned
    .flatMap(({ pattern, instead }) => [...text.matchAll(acrossLines(pattern))].map(({ 0: found, index }) => ({ index, found, instead })))
    .toSorted((left, right) => left.index - right.index)
    .map(({ index, found, instead }) => `${file}:${text.slice(0, index).split('\n').length} "${found.replace(BREAK, ' ')}": say ${instead}`)
}

/** A line break within a sentence, with the mark of the comment that goes on after it. */
const BREAK = /\s*\n\s*(?:\*|\/\/|--)?\s*/g

/** The pattern, found also where a sentence goes on in the next line. */
function acrossLines({ source, flags }: RegExp): RegExp {
  return new RegExp(source.replaceAll(' ', `(?: |${BREAK.source})`), flags)
}
