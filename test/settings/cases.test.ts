import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Config, createConfig, isConfigError } from '../../src/settings/index.js'
import { type DynaconfCase, optionsOf, type Step } from './dynaconf-case.js'
import { aFolder, writeFile } from './folder.js'

const cases = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8')) as DynaconfCase[]

/** Dynaconf's options that have no counterpart here, by design. */
const WITHOUT_COUNTERPART: Readonly<Record<string, string>> = {
  'prefix/false-loads-everything': 'without a prefix only keys that the schema names are read',
  'env/custom-default-name': 'the section for every environment is always [default]',
  'dotenv/override': 'the real environment is always above .env',
  'nested/custom-separator': 'levels are always separated by two underscores',
  'merge/merge-enabled-list-in-dict': 'lists always replace; @merge adds to one',
  'validate/runs-on-set-when-on-update': 'there is no set(): snapshots are frozen',
}

describe('settings say what Dynaconf says, or what we say on purpose', () => {
  for (const example of cases.filter(({ name }) => !(name in WITHOUT_COUNTERPART))) {
    it(`${example.name} (${example.adopt})`, () => {
      const root = aFolder(example.files)
      const env: Record<string, string | undefined> = { ...example.env }
      const warnings: string[] = []
      const { expected, fails } = expectationOf(example)
      const create = () => createConfig({ ...optionsOf(example, root, env), onWarning: (message) => warnings.push(message) })

      if (fails) {
        expect(create).toThrow(expect.objectContaining({ code: expect.stringMatching(/^E_SETTINGS/) as string }))
        return
      }
      const config = create()

      for (const [path, value] of Object.entries(expected)) expectValue(config, path, value)
      if (example.ours?.$warn !== undefined) expect(warnings.join()).toContain(String(example.ours.$warn))
      const environment = example.ours?.currentEnv ?? example.currentEnv
      if (environment !== undefined) expect(config.environment).toBe(environment)
      for (const [index, step] of (example.steps ?? []).entries()) {
        take(step, { root, env, config })
        for (const [path, value] of Object.entries(stepExpectation(example, index))) expectValue(config, path, value)
      }
    })
  }

  it('has at most twenty cases without a counterpart, each of them a case', () => {
    const names = Object.keys(WITHOUT_COUNTERPART)

    expect(names.length).toBeLessThanOrEqual(20)
    expect(cases.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
    expect(cases).toHaveLength(216)
  })
})

function expectationOf(example: DynaconfCase): { expected: Readonly<Record<string, unknown>>; fails: boolean } {
  const { adopt, error, expect: theirs = {}, ours = {} } = example
  if (adopt === 'changed' && '$error' in ours) return { expected: {}, fails: true }
  const { $warn: _warning, steps: _steps, currentEnv: _environment, ...own } = ours
  if (adopt === 'changed') return { expected: { ...theirs, ...own }, fails: false }
  // An error that Dynaconf raises when a value is read is one at load here.
  const isLate = Object.values(theirs).some((value) => typeof value === 'object' && value !== null && '$error' in value)
  return { expected: theirs, fails: error !== undefined || isLate }
}

function stepExpectation(example: DynaconfCase, index: number): Readonly<Record<string, unknown>> {
  const theirs = example.steps?.[index]?.expect ?? {}
  if (example.adopt === 'yes') return theirs
  const ours = example.ours?.steps
  if (Array.isArray(ours)) return ours[index] as Record<string, unknown>
  // "keep last good value": what was there before the step.
  return Object.fromEntries(Object.keys(theirs).map((key) => [key, example.expect?.[key]]))
}

function take(step: Step, world: { root: string; env: Record<string, string | undefined>; config: Config }): void {
  for (const [name, value] of Object.entries(step.setEnv ?? {})) {
    if (value === null) delete world.env[name]
    else world.env[name] = value
  }
  for (const [name, text] of Object.entries(step.writeFile ?? {})) writeFile(world.root, name, text)
  if (step.reload) world.config.reload()
}

function expectValue(config: Config, path: string, expected: unknown): void {
  const value = config.get(path)
  const mark = typeof expected === 'object' && expected !== null ? Object.keys(expected)[0] : undefined
  if (mark === '$missing' || mark === '$empty') expect(value, path).toBeUndefined()
  else if (mark === '$date') expect(value, path).toEqual(new Date((expected as { $date: string }).$date))
  else expect(value, path).toEqual(expected)
}

it('tells errors of the settings from others', () => {
  expect(isConfigError(new Error('other'))).toBe(false)
})
