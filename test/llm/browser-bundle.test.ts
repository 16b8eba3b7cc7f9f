import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

// The limit of one client alone; both together share two thirds of their code. The short names that a bundler hands out depend on code
// which it leaves out in the end, and are worth a few bytes.
it.each([
  ['OllamaClient', 10_400],
  ['OpenAICompatibleClient', 10_785],
])('%s takes at most %i bytes in a browser, and no Node built-in', async (name, most) => {
  const entry = `import { ${name} } from './src/llm/index.ts'; globalThis.client = ${name}`

  // A Node built-in anywhere behind the entry fails a build for the browser.
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  })

  expect(gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length).toBeLessThanOrEqual(most)
})
