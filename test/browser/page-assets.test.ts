import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { buildPage, moduleOf, type PageAsset } from '../../src/http/page/build-page.js'
import { PAGE_ASSETS, PAGE_STYLE_SOURCE } from '../../src/http/page-assets.js'

const BUDGET = 60 * 1024

it('is built from the sources as they are: npm run build:page writes the module that is packed', async () => {
  const built = await buildPage()

  // Not by toEqual: nobody wants to read the difference of two bundles.
  const packed = readFileSync(new URL('../../src/http/page-assets.ts', import.meta.url), 'utf8')
  expect(packed === moduleOf(built), 'src/http/page-assets.ts is older than its sources: npm run build:page').toBe(true)
})

it('weighs at most 60 kB when compressed', () => {
  const { 'index.html': page, 'page.js': script } = PAGE_ASSETS as Record<string, PageAsset>

  expect(gzipSync(script!.body).length + gzipSync(page!.body).length).toBeLessThanOrEqual(BUDGET)
})

it('asks for nothing that a strict policy forbids: no inline script, no style but the one the policy names, nothing from elsewhere', () => {
  const { 'index.html': page, 'page.js': script } = PAGE_ASSETS as Record<string, PageAsset>
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page!.body) ?? []
  const markup = page!.body.replace(style, '')

  expect(markup).not.toMatch(/<script(?![^>]* src="page\.js")|<style(?!>)| style=| on\w+=|https?:/i)
  expect(markup.match(/<style/g)).toHaveLength(1)
  expect(style).toContain('color-scheme')
  expect(style).not.toMatch(/url\(|@import/)
  expect(PAGE_STYLE_SOURCE).toBe(`'sha256-${createHash('sha256').update(style).digest('base64')}'`)
  expect(script!.body).not.toMatch(/\beval\(|new Function\(|\bimport\(/)
})

it('says without a script that it needs one, instead of loading for ever', () => {
  const { body } = PAGE_ASSETS['index.html']!

  expect(body).toContain('<noscript><p class="noscript">This page needs JavaScript.</p></noscript>')
  expect(body).toMatch(/@media ?\(scripting: ?none\)\{\.loading,\.top \.search\{display:none\}\}/)
})
