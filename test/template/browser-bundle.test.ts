import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

/** Minified and gzipped; 9 kB when this was written. */
const MOST_BYTES = 10_000

it('agent-config/prompts is bundled for a browser, without a driver or a Node built-in', async () => {
  // A Node built-in, or a package that is not to be had in a browser, fails the build or shows in its inputs.
  const { outputFiles, metafile } = await build({
    entryPoints: ['src/prompts.ts'],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  })

  expect(Object.keys(metafile.inputs).filter((path) => path.includes('node_modules'))).toEqual([])
  expect(gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length).toBeLessThanOrEqual(MOST_BYTES)
})

it('and works there', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: `import { definePrompt, renderTemplate } from './src/prompts.ts'
        const greeting = definePrompt({ name: 'greeting', fallback: 'Hello {name}' })
        export const said = [greeting.name, renderTemplate(greeting.fallback, { name: 'Ada' })]`,
      resolveDir: process.cwd(),
    },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
  })

  const { said } = (await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`)) as { said: string[] }

  expect(said).toEqual(['greeting', 'Hello Ada'])
})
