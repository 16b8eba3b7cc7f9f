import { type } from 'arktype'
import { Schema } from 'effect'
import * as v from 'valibot'
import { expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { defineKind, type Entry, type Kind, type KindHandle } from '../../src/index.js'
import { createTestManager } from '../../src/testing/index.js'

interface Content {
  description: string
  timeoutSeconds: number
}

interface Input {
  description: string
  timeoutSeconds?: number | undefined
}

const SCHEMAS = {
  valibot: v.object({ description: v.string(), timeoutSeconds: v.optional(v.number(), 30) }),
  zod: z.object({ description: z.string(), timeoutSeconds: z.number().default(30) }),
  arktype: type({ description: 'string', timeoutSeconds: 'number = 30' }),
  effect: Schema.toStandardSchemaV1(Schema.Struct({ description: Schema.String, timeoutSeconds: Schema.Number })),
}

it('takes the type of content, and of what a draft says of it, from the schema', () => {
  expectTypeOf(defineKind({ kind: 'tool', schema: SCHEMAS.valibot })).toEqualTypeOf<Kind<Content, Input>>()
  expectTypeOf(defineKind({ kind: 'tool', schema: SCHEMAS.zod })).toEqualTypeOf<Kind<Content, Input>>()
  const ark = defineKind({ kind: 'tool', schema: SCHEMAS.arktype })
  const effect = defineKind({ kind: 'tool', schema: SCHEMAS.effect })
  type Handle<Of> = Of extends Kind<infer Made, infer Given> ? KindHandle<Made, Given> : never
  expectTypeOf<Handle<typeof ark>['get']>().returns.resolves.toEqualTypeOf<Entry<Content> | undefined>()
  expectTypeOf<Handle<typeof effect>['peek']>().returns.toEqualTypeOf<Entry<Readonly<Content>> | undefined>()
  expectTypeOf<Parameters<Handle<typeof ark>['create']>[0]['content']>().toExtend<Input>()
})

it.each(Object.entries(SCHEMAS))('checks and completes content with a schema of %s', async (name, schema) => {
  const kind = defineKind({ kind: 'tool', schema: schema as typeof SCHEMAS.valibot })
  const manager = createTestManager({ kinds: [kind] })
  try {
    const given = { description: 'finds', ...(name === 'effect' && { timeoutSeconds: 30 }) }
    const { content } = await manager.of(kind).create({ name: 'a', content: given })
    expect(content).toEqual({ description: 'finds', timeoutSeconds: 30 })
    await expect(manager.of(kind).create({ name: 'b', content: { description: 1 } as never })).rejects.toMatchObject({
      code: 'E_INVALID_ARGUMENT',
      field: 'content.description',
    })
  } finally {
    await manager.shutdown()
  }
})
