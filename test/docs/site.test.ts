import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createMarkdownRenderer, disposeMdItInstance, type MarkdownRenderer } from 'vitepress'
import { describe, expect, it } from 'vitest'
import { llmsFull, llmsIndex } from '../../docs/.vitepress/llms.js'
import { escapeBraces, linkOutOfDocs } from '../../docs/.vitepress/markdown.js'
import { readOrder } from '../../docs/.vitepress/order.js'

const DOCS = fileURLToPath(new URL('../../docs', import.meta.url))
const REPOSITORY = 'https://github.com/ada/agent-config'

describe('the order of the site', () => {
  const sections = readOrder(DOCS)

  it('is what readers want first', () => {
    expect(sections.map(({ title }) => title)).toEqual([
      'Start',
      'Tasks',
      'Frameworks',
      'Deployment',
      'Security',
      'Troubleshooting',
      'Reference',
      'Decisions',
    ])
  })

  it('is that of llms.txt, with what each page is for', () => {
    const text = llmsIndex('What it is.', sections)

    expect(text.startsWith('# agent-config\n\n> What it is.\n')).toBe(true)
    expect(text).toContain('\n- [Flags](/flags.md): values that code asks for by name\n')
    expect([...text.matchAll(/^- \[/gm)]).toHaveLength(sections.flatMap(({ pages }) => pages).length)
  })

  it('is that of llms-full.txt, which holds every page whole', () => {
    const text = llmsFull(DOCS, sections)

    expect(text.indexOf('<!-- getting-started.md -->')).toBe(0)
    expect(text).toContain(readFileSync(`${DOCS}/errors.md`, 'utf8').trim())
  })
})

describe('a page of the site', () => {
  async function render(markdown: string, repository?: string): Promise<string> {
    // VitePress keeps the first renderer it made.
    disposeMdItInstance()
    const config = (renderer: MarkdownRenderer) => {
      escapeBraces(renderer)
      linkOutOfDocs(renderer, repository)
    }
    const renderer = await createMarkdownRenderer(DOCS, { config })
    return renderer.render(markdown, { path: `${DOCS}/page.md`, relativePath: 'page.md', cleanUrls: true })
  }

  it('shows double braces, in code and beside it', async () => {
    const html = await render('{{name}} and `{{name}}`')

    expect(html).not.toContain('{{name')
    expect(html).toContain('<code>&#123;&#123;name}}</code>')
  })

  it('links to files of the repository, once its address is known', async () => {
    expect(await render('[a](../examples/hono.ts)', REPOSITORY)).toContain(`href="${REPOSITORY}/blob/main/examples/hono.ts"`)
    expect(await render('[a](../examples/hono.ts)')).toContain('<span>a</span>')
    expect(await render('[a](flags.md)')).toContain('href="./flags"')
  })
})
