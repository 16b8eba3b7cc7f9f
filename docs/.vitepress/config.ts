import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { llmsFull, llmsIndex } from './llms.js'
import { escapeBraces, linkOutOfDocs } from './markdown.js'
import { readOrder } from './order.js'

const docs = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  description: string
  repository?: { url: string }
}
const sections = readOrder(docs)
// Known once the release script has set it; until then pages have no edit link, and links to files outside of docs/ stay text.
const repository = manifest.repository?.url.replace(/^git\+|\.git$/g, '')

export default defineConfig({
  title: 'agent-config',
  description: manifest.description,
  outDir: '../dist-site',
  cacheDir: '../.cache/vitepress',
  cleanUrls: true,
  lastUpdated: false,
  rewrites: { 'decisions/README.md': 'decisions/index.md' },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: sections
      .filter(({ title }) => ['Start', 'Tasks', 'Deployment', 'Reference'].includes(title))
      .map(({ title, pages }) => ({ text: title, link: linkTo(pages[0]!.path) })),
    sidebar: sections.map(({ title, pages }) => ({
      text: title,
      collapsed: title === 'Reference' || title === 'Decisions',
      items: pages.map((page) => ({ text: page.title, link: linkTo(page.path) })),
    })),
    ...(repository && {
      editLink: { pattern: `${repository}/edit/main/docs/:path`, text: 'Edit this page' },
      socialLinks: [{ icon: 'github', link: repository }],
    }),
  },
  markdown: {
    config: (markdown) => {
      escapeBraces(markdown)
      linkOutOfDocs(markdown, repository)
    },
  },
  buildEnd: ({ outDir }) => {
    mkdirSync(outDir, { recursive: true })
    writeFileSync(join(outDir, 'llms.txt'), llmsIndex(manifest.description, sections))
    writeFileSync(join(outDir, 'llms-full.txt'), llmsFull(docs, sections))
  },
})

function linkTo(path: string): string {
  return basename(path) === 'README.md' ? '/decisions/' : `/${path.replace(/\.md$/, '')}`
}
