import { readFileSync } from 'node:fs'
import type { Section } from './order.js'

/** The list of pages for language models, in the form of https://llmstxt.org. */
export function llmsIndex(description: string, sections: readonly Section[]): string {
  const lists = sections.map(({ title, pages }) =>
    [`## ${title}`, '', ...pages.map((page) => `- [${page.title}](/${page.path})${page.about && `: ${page.about}`}`)].join('\n'),
  )
  return `${['# agent-config', `> ${description}`, 'The text of all pages in one file: [llms-full.txt](/llms-full.txt)', ...lists].join('\n\n')}\n`
}

/** Every listed page in order, each behind a line that names it. */
export function llmsFull(docs: string, sections: readonly Section[]): string {
  const pages = sections.flatMap((section) => section.pages)
  return pages.map(({ path }) => `<!-- ${path} -->\n\n${readFileSync(`${docs}/${path}`, 'utf8').trim()}\n`).join('\n')
}
