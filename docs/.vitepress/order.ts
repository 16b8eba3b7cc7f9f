import { readFileSync } from 'node:fs'

/** One section of docs/index.md: its heading, and its pages in the order they are listed. */
export interface Section {
  readonly title: string
  readonly pages: readonly ListedPage[]
}

export interface ListedPage {
  readonly title: string
  /** Relative to docs/, `manager.md`. */
  readonly path: string
  /** What the list says about it, or an empty text. */
  readonly about: string
}

/** The order of the site: the lists of docs/index.md, so that it is written down once. */
export function readOrder(docs: string): readonly Section[] {
  const [, ...sections] = readFileSync(`${docs}/index.md`, 'utf8').split(/^## /m)
  return sections.map((section) => ({
    title: section.slice(0, section.indexOf('\n')).trim(),
    pages: [...section.matchAll(/^- \[([^\]]+)\]\(([^)]+\.md)\)(?:: (.+))?$/gm)].map(([, title, path, about]) => ({
      title: title!,
      path: path!,
      about: about ?? '',
    })),
  }))
}
