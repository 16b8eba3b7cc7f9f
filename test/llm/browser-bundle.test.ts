import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

it('takes at most 6,000 bytes in a browser, and no Node built-in', async () => {
  const entry = "import { OllamaClient } from './src/llm/index.ts'; globalThis.ollama = new OllamaClient()"

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

  expect(gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length).toBeLessThanOrEqual(6_000)
})
