import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// npm run build:page: writes src/http/page-assets.ts, so that nothing is read from files while a host runs.

const PAGE = fileURLToPath(new URL('../../examples/express-host/admin', import.meta.url))
export const ASSETS = fileURLToPath(new URL('../../src/http/page-assets.ts', import.meta.url))

/** The module that holds the admin page, as text. */
export async function buildPage(): Promise<string> {
  const script = await build({
    entryPoints: [join(PAGE, 'app.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    legalComments: 'none',
  })
  const style = await build({ entryPoints: [join(PAGE, 'admin.css')], minify: true, write: false, loader: { '.css': 'css' } })
  const html = readFileSync(join(PAGE, 'index.html'), 'utf8').replace('admin.css', 'page.css').replace('app.js', 'page.js')
  const assets = {
    'index.html': { body: html, type: 'text/html; charset=utf-8' },
    'page.js': { body: textOf(script), type: 'text/javascript; charset=utf-8' },
    'page.css': { body: textOf(style), type: 'text/css; charset=utf-8' },
    'icon.svg': { body: readFileSync(join(PAGE, 'icon.svg'), 'utf8'), type: 'image/svg+xml; charset=utf-8' },
  }
  return (
    '// Written by `npm run build:page`: edit the page, not this.\n' +
    `export const PAGE_ASSETS: Readonly<Record<string, { readonly body: string; readonly type: string }>> = ${JSON.stringify(assets, null, 2)}\n`
  )
}

function textOf({ outputFiles }: { readonly outputFiles: readonly { readonly text: string }[] }): string {
  return outputFiles.map((file) => file.text).join('')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(ASSETS, await buildPage())
