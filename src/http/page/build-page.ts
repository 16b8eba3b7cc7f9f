import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// npm run build:page: bundles the admin page into src/http/page-assets.ts, which is what the package ships.

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const TARGET = here('../page-assets.ts')
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' } as const

/** One file of the page, as it is sent. */
export interface PageAsset {
  readonly body: string
  readonly type: string
}

/** Bundles the page's sources. The same sources give the same bytes. */
export async function buildPage(): Promise<Readonly<Record<string, PageAsset>>> {
  const { outputFiles } = await build({
    entryPoints: { page: here('app/main.tsx') },
    bundle: true,
    minify: true,
    write: false,
    outdir: here('.'),
    format: 'iife',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfigRaw: '{}',
    logLevel: 'warning',
  })
  const written = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))!.text
  return {
    'index.html': asset('html', readFileSync(here('index.html'), 'utf8')),
    'page.js': asset('js', written('page.js')),
    'page.css': asset('css', written('page.css')),
    'icon.svg': asset('svg', readFileSync(here('icon.svg'), 'utf8')),
  }
}

/** The text of the generated module. */
export function moduleOf(assets: Readonly<Record<string, PageAsset>>): string {
  return `// Made by \`npm run build:page\` from src/http/page. Do not edit.
export const PAGE_ASSETS: Readonly<Record<string, { readonly body: string; readonly type: string }>> = ${JSON.stringify(assets, null, 2)}
`
}

function asset(ending: keyof typeof TYPES, body: string): PageAsset {
  return { body, type: `${TYPES[ending]}; charset=utf-8` }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, moduleOf(await buildPage()))
