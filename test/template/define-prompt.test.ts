import * as v from 'valibot'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { StandardSchema } from '../../src/shared/standard-schema.js'
import { contractProblems, renderByContract } from '../../src/template/contract.js'
import { definePrompt } from '../../src/template/define-prompt.js'
import { parseTemplate } from '../../src/template/parse-template.js'
import type { CompileArguments, PromptDefinition } from '../../src/template/prompt-definition.js'
import { caught } from './caught.js'

const Extraction = definePrompt({
  name: 'parameter_extraction',
  variables: v.object({ text: v.string(), allowedKeys: v.array(v.string()) }),
  fallback: 'Extract parameters from: {text}\nAllowed: {allowedKeys}',
})

describe('definePrompt', () => {
  it('knows the type and format of its fallback, and is frozen', () => {
    expect(Extraction).toMatchObject({ name: 'parameter_extraction', type: 'text', templateFormat: 'f-string' })
    expect(definePrompt({ name: 'chat', fallback: [{ role: 'user', content: '{a}' }] }).type).toBe('chat')
    expect(definePrompt({ name: 'bare' })).toEqual({ name: 'bare', templateFormat: 'f-string' })
    expect(Object.isFrozen(Extraction)).toBe(true)
  })

  it('gives the compiler the variables that compile takes', () => {
    const anything = definePrompt({ name: 'anything' })
    const relaxed = definePrompt({ name: 'relaxed', variables: v.object({ tone: v.optional(v.string(), 'kind') }) })

    expectTypeOf<CompileArguments<VariablesOf<typeof Extraction>>[0]>().toEqualTypeOf<{ text: string; allowedKeys: string[] }>()
    expectTypeOf<[{ text: string; allowedKeys: string[] }]>().toExtend<CompileArguments<VariablesOf<typeof Extraction>>>()
    expectTypeOf<[]>().not.toExtend<CompileArguments<VariablesOf<typeof Extraction>>>()
    expectTypeOf<[{ text: string }]>().not.toExtend<CompileArguments<VariablesOf<typeof Extraction>>>()
    expectTypeOf<[]>().toExtend<CompileArguments<VariablesOf<typeof anything>>>()
    expectTypeOf<[]>().toExtend<CompileArguments<VariablesOf<typeof relaxed>>>()
    expectTypeOf(Extraction).toExtend<PromptDefinition>()
  })

  it.each([
    [{ name: '' }, 'E_INVALID_ARGUMENT', 'name'],
    [{ name: 'x', variables: {} }, 'E_INVALID_ARGUMENT', 'variables'],
    [{ name: 'x', type: 'chat', fallback: 'text' }, 'E_INVALID_ARGUMENT', 'type'],
    [{ name: 'x', fallback: '{broken' }, 'E_TEMPLATE_SYNTAX', undefined],
    [{ name: 'x', fallback: '{a} {b}', variables: v.object({ a: v.string() }) }, 'E_INVALID_ARGUMENT', 'fallback'],
  ])('refuses %j', (options, code, field) => {
    expect(caught(() => definePrompt(options as never))).toMatchObject({ code, ...(field !== undefined && { field }) })
  })
})

describe('rendering by a definition', () => {
  const template = parseTemplate(Extraction.fallback!, 'f-string')

  it('renders variables that fit the schema', () => {
    expect(renderByContract(Extraction, template, { text: 'x', allowedKeys: ['a'] })).toBe('Extract parameters from: x\nAllowed: ["a"]')
  })

  it('refuses variables that do not, and names all of them', () => {
    const error = caught(() => renderByContract(Extraction, template, { text: 1 }))

    expect(error).toMatchObject({ code: 'E_TEMPLATE_VARIABLE', variables: ['text', 'allowedKeys'] })
    expect((error as Error).message).toContain('"parameter_extraction"')
    expect(caught(() => renderByContract(Extraction, template))).toMatchObject({ variables: ['text', 'allowedKeys'] })
  })

  it('renders what the schema makes of the variables: defaults and transformations', () => {
    const definition = definePrompt({
      name: 'greeting',
      variables: v.object({
        name: v.pipe(
          v.string(),
          v.transform((name) => name.toUpperCase()),
        ),
        tone: v.optional(v.string(), 'kind'),
      }),
    })

    expect(renderByContract(definition, parseTemplate('{name} {tone}'), { name: 'ada' })).toBe('ADA kind')
  })

  it('takes anything when there is no schema', () => {
    expect(renderByContract(definePrompt({ name: 'x' }), parseTemplate('{a}'), { a: 1 })).toBe('1')
    expect(caught(() => renderByContract(definePrompt({ name: 'x' }), parseTemplate('{a}')))).toMatchObject({ variables: ['a'] })
  })

  it('refuses schemas that wait or fail', () => {
    const waiting = definePrompt({
      name: 'x',
      variables: schema(async () => {
        throw new Error('later')
      }),
    })
    const failing = definePrompt({
      name: 'x',
      variables: schema(() => {
        throw new Error('no')
      }),
    })

    expect(caught(() => renderByContract(waiting, parseTemplate('x'), {}))).toMatchObject({ code: 'E_TEMPLATE_VARIABLE' })
    expect(caught(() => renderByContract(failing, parseTemplate('x'), {}))).toMatchObject({ code: 'E_TEMPLATE_VARIABLE' })
  })
})

describe('the contract gate', () => {
  const needs = (template: string, variables: StandardSchema<object, unknown>, format: 'f-string' | 'mustache' = 'f-string') =>
    contractProblems(definePrompt({ name: 'x', variables }), parseTemplate(template, format))

  it('names the variables that the schema does not give', () => {
    expect(needs('{a} {b} {c}', v.object({ a: v.string() }))).toEqual(['b', 'c'])
    expect(needs('{a}', v.object({ a: v.string(), b: v.string() }))).toEqual([])
    expect(needs('{constructor}', v.object({ a: v.string() }))).toEqual(['constructor'])
  })

  it('counts a variable that may be left out as not given, unless it has a default', () => {
    expect(needs('{a} {b}', v.object({ a: v.optional(v.string()), b: v.optional(v.string(), 'x') }))).toEqual(['a'])
  })

  it('asks for the object of a dotted name, and for nothing within sections', () => {
    const user = v.object({ user: v.object({ name: v.string() }) })

    expect(needs('{{user.name}} {{team.name}} {{#more}}{{other}}{{/more}}', user, 'mustache')).toEqual(['team.name'])
  })

  it('asks for chat placeholders too', () => {
    const definition = definePrompt({ name: 'x', variables: v.object({ a: v.string() }) })

    expect(
      contractProblems(
        definition,
        parseTemplate([{ role: 'user', content: '{a}' }, { placeholder: 'history' }, { placeholder: 'more', optional: true }]),
      ),
    ).toEqual(['history'])
  })

  it('reads schemas that describe themselves as JSON Schema', () => {
    const described = (output: () => object) => {
      const base = schema((value) => ({ value }))
      return { '~standard': { ...base['~standard'], jsonSchema: { output } } }
    }
    const properties = { a: {}, b: {}, c: { default: 1 } }

    expect(
      needs(
        '{a}{b}{c}{d}',
        described(() => ({ type: 'object', properties, required: ['a'] })),
      ),
    ).toEqual(['b', 'd'])
    expect(
      needs(
        '{d}',
        described(() => ({ type: 'object', properties, additionalProperties: {} })),
      ),
    ).toEqual([])
    expect(
      needs(
        '{d}',
        described(() => {
          throw new Error('not representable')
        }),
      ),
    ).toEqual([])
  })

  it('has nothing to say about schemas that cannot be looked into, or let anything through', () => {
    expect(
      needs(
        '{z}',
        schema((value) => ({ value })),
      ),
    ).toEqual([])
    expect(needs('{z}', v.looseObject({ a: v.string() }))).toEqual([])
    expect(needs('{z}', v.record(v.string(), v.string()))).toEqual([])
    expect(
      needs(
        '{z}',
        v.pipe(
          v.object({ a: v.string() }),
          v.transform(({ a }) => ({ z: a })),
        ),
      ),
    ).toEqual([])
    expect(
      needs(
        '{z}',
        v.pipe(
          v.object({ a: v.string() }),
          v.check(() => true),
        ),
      ),
    ).toEqual(['z'])
    expect(contractProblems(definePrompt({ name: 'x' }), parseTemplate('{z}'))).toEqual([])
  })
})

type VariablesOf<Definition> = Definition extends PromptDefinition<infer Variables> ? Variables : never

function schema(validate: StandardSchema<object, unknown>['~standard']['validate']): StandardSchema<object, unknown> {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}
