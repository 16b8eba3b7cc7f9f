import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { buildPage, moduleOf, type PageAsset } from '../../src/http/page/build-page.js'
import { PAGE_ASSETS } from '../../src/http/page-assets.js'

const BUDGET = 60 * 1024

it('is built from the sources as they are: npm run build:page writes the module that is packed', async () => {
  const assets = await buildPage()

  // Not by toEqual: nobody wants to read the difference of two bundles.
  const packed = readFileSync(new URL('../../src/http/page-assets.ts', import.meta.url), 'utf8')
  expect(packed === moduleOf(assets), 'src/http/page-assets.ts is older than its sources: npm run build:page').toBe(true)
})

it('weighs at most 60 kB when compressed', () => {
  const { 'page.js': script, 'page.css': style } = PAGE_ASSETS as Record<string, PageAsset>

  expect(gzipSync(script!.body).length + gzipSync(style!.body).length).toBeLessThanOrEqual(BUDGET)
})

it('asks for nothing that a strict policy forbids: no inline script or style, nothing from elsewhere', () => {
  const { 'index.html': page, 'page.js': script, 'page.css': style } = PAGE_ASSETS as Record<string, PageAsset>

  expect(page!.body).not.toMatch(/<script(?![^>]* src="page\.js")|<style| style=| on\w+=|https?:/i)
  expect(style!.body).not.toMatch(/url\(|@import/)
  expect(script!.body).not.toMatch(/\beval\(|new Function\(|\bimport\(/)
})
