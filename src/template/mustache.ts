import { type MustacheTag, mustacheTags } from './mustache-tags.js'
import { type MustacheNode, type MustacheSection, SectionedText } from './sectioned-text.js'
import { syntaxErrorAt } from './syntax-error.js'
import { FlatText, PlainText, type TextTemplate } from './text-template.js'

/**
 * Parses a mustache template: variables, sections, inverted sections and comments. A line that holds only section tags and comments
 * leaves no line behind, as in mustache.js.
 *
 * The parser is an own one because that of mustache.js needs a time that grows with the square of a run of spaces (a second for 50,000),
 * 130 MB for a mebibyte of text, and says where only some of its errors are.
 *
 * @throws {TemplateSyntaxError} for tags that are malformed, and sections that are not closed in order or nest deeper than 100
 */
export function parseMustache(template: string): TextTemplate {
  const tags = mustacheTags(template)
  if (tags.length === 0) return new PlainText(template)
  const texts = textsBetween(template, tags)
  const root: MustacheNode[] = []
  const open: { readonly tag: MustacheTag; readonly section: MustacheSection }[] = []
  let body = root
  addText(body, texts[0]!)
  for (const [index, tag] of tags.entries()) {
    const isRequired = open.length === 0
    if (tag.name === '.' && isRequired)
      throw syntaxErrorAt(template, tag.start, '{{.}} stands for the item of a section, and there is none here.')
    if (tag.does === 'value') body.push({ name: tag.name, path: pathOf(tag.name), isRequired })
    if (tag.does === 'section' || tag.does === 'inverted') {
      if (open.length === DEEPEST)
        throw syntaxErrorAt(template, tag.start, `Sections nest deeper than ${DEEPEST} here. Flatten the values first.`)
      const section: MustacheSection = { name: tag.name, path: pathOf(tag.name), isInverted: tag.does === 'inverted', body: [] }
      body.push(section)
      open.push({ tag, section })
      body = section.body
    }
    if (tag.does === 'end') {
      const opened = open.pop()
      if (opened === undefined) throw syntaxErrorAt(template, tag.start, `{{/${tag.name}}} ends a section that was never opened.`)
      if (opened.tag.name !== tag.name) {
        throw syntaxErrorAt(
          template,
          tag.start,
          `{{/${tag.name}}} stands where {{/${opened.tag.name}}} is due. Close sections in reverse order.`,
        )
      }
      body = open.at(-1)?.section.body ?? root
    }
    addText(body, texts[index + 1]!)
  }
  const left = open.pop()
  if (left !== undefined)
    throw syntaxErrorAt(template, left.tag.start, `This section is never closed. Write {{/${left.tag.name}}} at its end.`)
  return flatten(root) ?? new SectionedText(root)
}

/** Sections within sections; keeps the renderer's recursion far from the end of the stack. */
const DEEPEST = 100

function pathOf(name: string): readonly string[] {
  return name === '.' ? [] : name.split('.')
}

function addText(body: MustacheNode[], text: string): void {
  if (text === '') return
  const last = body.at(-1)
  // A comment leaves two texts side by side.
  if (typeof last === 'string') body[body.length - 1] = last + text
  else body.push(text)
}

/** Without sections and dots the faster renderer does. */
function flatten(nodes: readonly MustacheNode[]): TextTemplate | undefined {
  const literals = ['']
  const names: string[] = []
  for (const node of nodes) {
    if (typeof node === 'string') literals[literals.length - 1] = node
    else if ('body' in node || node.path.length !== 1) return undefined
    else {
      names.push(node.name)
      literals.push('')
    }
  }
  return names.length === 0 ? new PlainText(literals[0]!) : new FlatText({ literals, names, placeholder })
}

function placeholder(name: string): string {
  return `{{${name}}}`
}

/** The texts before, between and after the tags, without the lines that hold nothing but tags that write nothing. */
function textsBetween(template: string, tags: readonly MustacheTag[]): string[] {
  const starts = [0, ...tags.map((tag) => tag.end)]
  const ends = [...tags.map((tag) => tag.start), template.length]
  // One round per line with a tag: it goes from the line break before `first` to the one after `last`, both outside of tags.
  for (let first = 0, last = 0; first < tags.length; first = last + 1) {
    last = first
    let onlyBlank = isBlank(template, lastLineStart(template, starts[first]!, ends[first]!), ends[first]!)
    let lineEnd = lineEndIn(template, starts[first + 1]!, ends[first + 1]!)
    let writes = tags[first]!.does === 'value'
    while (lineEnd === undefined && last + 1 < tags.length) {
      last += 1
      onlyBlank &&= isBlank(template, starts[last]!, ends[last]!)
      writes ||= tags[last]!.does === 'value'
      lineEnd = lineEndIn(template, starts[last + 1]!, ends[last + 1]!)
    }
    const tail = lineEnd ?? ends[last + 1]!
    if (writes || !onlyBlank || !isBlank(template, starts[last + 1]!, tail)) continue
    ends[first] = lastLineStart(template, starts[first]!, ends[first]!)
    for (let between = first + 1; between <= last; between++) ends[between] = starts[between]!
    starts[last + 1] = tail
  }
  return starts.map((start, index) => template.slice(start, ends[index]))
}

function lastLineStart(template: string, start: number, end: number): number {
  return Math.max(start, end === 0 ? 0 : template.lastIndexOf('\n', end - 1) + 1)
}

/** Where the first line of a text ends, its line break included; `undefined` when the text has no line break. */
function lineEndIn(template: string, start: number, end: number): number | undefined {
  const lineBreak = template.slice(start, end).indexOf('\n')
  return lineBreak === -1 ? undefined : start + lineBreak + 1
}

function isBlank(template: string, start: number, end: number): boolean {
  return !/\S/.test(template.slice(start, end))
}
