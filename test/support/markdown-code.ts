import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CodeBlock } from './compile-blocks.js'

/**
 * The TypeScript blocks of a page: fences marked `ts` or `typescript`.
 *
 * Each block is a module of its own. One marked `ts continued` goes on from the block before it on that page: it sees its
 * imports and variables.
 */
export function codeBlocksOf(page: string, markdown: string): readonly CodeBlock[] {
  const blocks: { page: string; lines: number[]; text: string }[] = []
  let fence: string | undefined
  let current: (typeof blocks)[number] | undefined
  for (const [index, line] of markdown.split('\n').entries()) {
    const [, marks, info] = /^\s*(`{3,}|~{3,})(.*)$/.exec(line) ?? []
    if (fence === undefined && marks !== undefined) {
      fence = marks
      const words = info!.trim().split(/\s+/)
      if (!['ts', 'typescript'].includes(words[0]!)) continue
      current = words.includes('continued') ? blocks.at(-1) : undefined
      if (current) continue
      current = { page, lines: [], text: '' }
      blocks.push(current)
    } else if (fence !== undefined && marks?.startsWith(fence) && info?.trim() === '') {
      fence = undefined
      current = undefined
    } else if (current) {
      current.lines.push(index + 1)
      current.text += `${line}\n`
    }
  }
  return blocks
}

/** The README and every page below docs/ and .github/, by path from the repository's root. */
export function pagesOf(root: string): readonly string[] {
  return ['README.md', ...filesIn(root, 'docs'), ...filesIn(root, '.github')].filter(
    (page) => page.endsWith('.md') && existsSync(join(root, page)),
  )
}

function filesIn(root: string, folder: string): readonly string[] {
  const names = existsSync(join(root, folder)) ? readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }) : []
  return names.map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
}
