import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isConfigError } from '../../src/shared/errors.js'
import { renderTemplate } from '../../src/template/render-template.js'
import { askPython, type PythonCase, randomTemplates, VALUES } from './python-format.js'

const TABLE = JSON.parse(readFileSync(new URL('./python-format.json', import.meta.url), 'utf8')) as PythonCase[]

it('renders what Python renders with plain names, and nothing differently', () => {
  const cases = askPython(randomTemplates(20_000)) ?? TABLE
  let rendered = 0

  for (const [template, expected] of cases) {
    const ours = attempt(template)
    if (ours !== undefined) expect([template, ours]).toEqual([template, expected])
    else if (expected !== null) expect([template, hasPlainNamesOnly(template)]).toEqual([template, false])
    rendered += ours === undefined ? 0 : 1
  }

  expect(rendered).toBeGreaterThan(cases.length / 10)
})

it('does so by the table as well, which stands in where Python is absent', () => {
  expect(TABLE.length).toBeGreaterThan(1_000)
  for (const [template, expected] of TABLE) {
    const ours = attempt(template)
    expect([template, ours ?? null]).toEqual([template, hasPlainNamesOnly(template) ? expected : null])
  }
})

function attempt(template: string): string | undefined {
  try {
    return renderTemplate(template, VALUES)
  } catch (error) {
    if (!isConfigError(error)) throw error
    return undefined
  }
}

/** Whether every field is a name and nothing else: no conversion, no format, no part of a value. */
function hasPlainNamesOnly(template: string): boolean {
  const rest = template.replaceAll(/\{\{|\}\}|\{([^{}]*)\}/g, (_whole, name: string | undefined) =>
    name === undefined || NAME.test(name) ? '' : '{',
  )
  return !/[{}]/.test(rest)
}

const NAME = /^[\p{ID_Start}_]\p{ID_Continue}*$/u
