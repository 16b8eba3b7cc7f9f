import { expect, it } from 'vitest'
import { Routes } from '../../src/http/routes.js'

it('a path has the same target and parameters every time, also when very many others came between', () => {
  const routes = new Routes<string>()
  for (const path of ['/prompts/:name', '/prompts/:name/history', '/prompts/all']) routes.add('GET', path, path)
  const paths = [
    '/prompts/a%2Fb',
    '/prompts/a/b',
    '/prompts/all',
    '/prompts/a/history/',
    '/prompts/%',
    '/nowhere',
    `/prompts/${'x'.repeat(500)}`,
  ]
  const found = () => paths.map((path) => routes.find(path)).map((route) => route && [route.methods.get('GET'), route.params])

  const first = found()
  for (let other = 0; other < 3_000; other++) expect(routes.find(`/prompts/other-${other}`)?.params).toEqual({ name: `other-${other}` })

  expect(first).toEqual([
    ['/prompts/:name', { name: 'a/b' }],
    undefined,
    ['/prompts/all', {}],
    ['/prompts/:name/history', { name: 'a' }],
    ['/prompts/:name', undefined],
    undefined,
    ['/prompts/:name', { name: 'x'.repeat(500) }],
  ])
  expect([found(), found()]).toEqual([first, first])
})
