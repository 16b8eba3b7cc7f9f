import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { complaintsAbout } from '../support/compile-blocks.js'
import { codeBlocksOf, pagesOf } from '../support/markdown-code.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

// Packages that pages name and this repository does not install: together they are 430 packages of half a gigabyte, some of which want
// Node 22. The blocks were compiled against @langchain/openai 1.5, @openai/agents 0.20 and @mastra/core 0.24 by hand; what LangChain takes, which
// is narrower than OpenAI's messages, is written here as a shape.
const AMBIENT = `${['@ai-sdk/openai', '@openai/agents', '@mastra/core/agent'].map((name) => `declare module '${name}'`).join('\n')}
declare module '@langchain/openai' {
  type MessageLike = { role: string; content: string | object[] } & Record<string, unknown>
  export class ChatOpenAI {
    constructor(options: { readonly model: string })
    invoke(input: string | MessageLike[]): Promise<unknown>
  }
}`

// Compiling takes seconds by itself, and longer beside other tests.
const TIME = { timeout: 180_000 }

const PROBE = ['# Page', '', '```ts', "import { isConfigError } from 'agent-config'", 'const error: unknown = 1', '```', '', 'Then:', '']

describe('the pages of this package', () => {
  it('show only TypeScript that compiles against it', TIME, () => {
    const blocks = pagesOf(ROOT).flatMap((page) => codeBlocksOf(page, readFileSync(join(ROOT, page), 'utf8')))

    expect(blocks.length).toBeGreaterThan(0)
    expect(complaintsAbout(blocks, ROOT, AMBIENT)).toEqual([])
  })
})

describe('the check itself', () => {
  it('names page and line of a name that does not exist', TIME, () => {
    const blocks = codeBlocksOf('docs/probe.md', [...PROBE, '```ts', 'import { noSuchName }', "  from 'agent-config'", '```'].join('\n'))

    expect(blocks).toHaveLength(2)
    expect(complaintsAbout(blocks, ROOT)).toEqual([expect.stringMatching(/^docs\/probe\.md:11 .*noSuchName/)])
  })

  it('lets a continued block see the one before it, and no other block', TIME, () => {
    const use = ["if (isConfigError(error, 'E_NOT_FOUND')) throw error", '```']
    const continued = codeBlocksOf('docs/continued.md', [...PROBE, '```ts continued', ...use].join('\n'))
    const alone = codeBlocksOf('docs/alone.md', [...PROBE, '```ts', ...use].join('\n'))

    const complaints = complaintsAbout([...continued, ...alone], ROOT)

    expect(complaints).toContainEqual(expect.stringMatching(/^docs\/alone\.md:11 .*isConfigError/))
    expect(complaints.filter((complaint) => !complaint.startsWith('docs/alone.md'))).toEqual([])
  })

  it('passes over other languages, and over fences within fences', () => {
    const markdown = ['```sh', 'npm test', '```', '````md', '```ts', 'broken(', '```', '````'].join('\n')

    expect(codeBlocksOf('README.md', markdown)).toEqual([])
  })
})
