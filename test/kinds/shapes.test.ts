import { setFlagsFromString } from 'node:v8'
import * as v from 'valibot'
import { expect, it } from 'vitest'
import { decodeContextRule } from '../../src/kinds/context-rules.js'
import { defineKind } from '../../src/kinds/define-kind.js'
import { EMBEDDING_KIND } from '../../src/kinds/embedding.js'
import { entryKind } from '../../src/kinds/entry.js'
import { FLAG_KIND } from '../../src/kinds/flag.js'
import { MODEL_KIND } from '../../src/kinds/model.js'
import { PROMPT_KIND } from '../../src/kinds/prompt.js'
import type { Row } from '../../src/kinds/row.js'

setFlagsFromString('--allow-natives-syntax')
/** Whether V8 describes both by one shape ("map"). A shape of an object's own takes more memory than the object. */
const haveOneShape = new Function('one', 'other', 'return %HaveSameMap(one, other)') as (one: object, other: object) => boolean

const FACTS = {
  isActive: true,
  labels: [],
  selection: { label: 'a', version: 1, reason: 'label' },
  revision: 1,
  source: 'memory',
  stale: false,
} as const
const COLUMNS: Row = {
  type: 'text',
  template: 'Hello {name}',
  template_format: 'f-string',
  parameters: {},
  model_provider: 'ollama',
  model_name: 'llama',
  fallbacks: [],
  embedding_model: 'nomic',
  chunk_size: 512,
  chunk_overlap: 50,
  chunking_strategy: 'late_chunking',
  content: { type: 'boolean', value: true, rules: [] },
}
const ENTRY_KIND = entryKind(defineKind({ kind: 'guardrail', schema: v.unknown() }))

function rowOf(id: number): Row {
  return {
    ...COLUMNS,
    id,
    project: 'default',
    name: `name-${id}`,
    version: id,
    created_by: 'me',
    created_at: `2026-11-28T12:00:0${id}.123456+00:00`,
  }
}

it.each([PROMPT_KIND, MODEL_KIND, EMBEDDING_KIND, FLAG_KIND, ENTRY_KIND])(
  'all contents of the kind $kind have one shape, and so have its answers',
  (kind) => {
    const contents = Array.from({ length: 9 }, (_, id) => kind.decode(rowOf(id)) as never)
    const answers = contents.map((content) => kind.view(content, FACTS) as object)

    expect(contents.every((content) => haveOneShape(content, contents[0]!))).toBe(true)
    expect(answers.every((answer) => haveOneShape(answer, answers[0]!))).toBe(true)
  },
)

it('all context rules have one shape', () => {
  const rules = Array.from({ length: 9 }, (_, id) => decodeContextRule({ ...rowOf(id), context: 'c', important: 'this', ignore: 'that' }))

  expect(rules.every((rule) => haveOneShape(rule, rules[0]!))).toBe(true)
})
