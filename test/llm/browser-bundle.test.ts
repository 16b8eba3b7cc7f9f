import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

// The limit of one client alone; both together share two thirds of their code.
it.each([
  ['OllamaClient', 10_390],
  ['OpenAICompatibleClient', 10_775],
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
