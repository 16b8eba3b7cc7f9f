import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

// npm run build:page: bundles the admin page into src/http/page-assets.ts, which is what the package ships.

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const TARGET = here('../page-assets.ts')
const TYPES = { html: 'text/html', js: 'text/javascript', svg: 'image/svg+xml' } as const
/** Where the styles stand in index.html. Inline, because the browser paints nothing before it has them. */
const STYLE = '<style></style>'

/** One file of the page, as it is sent. */
export interface PageAsset {
  readonly body: string
  readonly type: string
}

/** The page as it is packed. */
export interface BuiltPage {
  readonly assets: Readonly<Record<string, PageAsset>>
  /** What a Content-Security-Policy calls the styles in index.html. */
  readonly styleSource: string
}

/** Bundles the page's sources. The same sources give the same bytes. */
export async function buildPage(): Promise<BuiltPage> {
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
  const style = written('page.css').trim()
  const html = withoutIndentation(readFileSync(here('index.html'), 'utf8')).replace(STYLE, () => `<style>${style}</style>`)
  const assets = {
    'index.html': asset('html', html),
    'page.js': asset('js', written('page.js')),
    'icon.svg': asset('svg', readFileSync(here('icon.svg'), 'utf8')),
  }
  return { assets, styleSource: `'sha256-${createHash('sha256').update(style).digest('base64')}'` }
}

/** The text of the generated module. */
export function moduleOf({ assets, styleSource }: BuiltPage): string {
  return `// Made by \`npm run build:page\` from src/http/page. Do not edit.
export const PAGE_STYLE_SOURCE = ${JSON.stringify(styleSource)}
export const PAGE_ASSETS: Readonly<Record<string, { readonly body: string; readonly type: string }>> = ${JSON.stringify(assets, null, 2)}
`
}

/** Rendering takes over the elements that are there; blanks between them would make it move each, and a moved element loses the focus. */
function withoutIndentation(html: string): string {
  return html.replace(/>\s+</g, '><')
}

function asset(ending: keyof typeof TYPES, body: string): PageAsset {
  return { body, type: `${TYPES[ending]}; charset=utf-8` }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, moduleOf(await buildPage()))
