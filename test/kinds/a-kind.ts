import * as v from 'valibot'
import { defineKind } from '../../src/index.js'

/** A host's kind, declared in one place. */
export const TOOLS = defineKind({
  kind: 'tool',
  schema: v.object({
    description: v.string(),
    limits: v.optional(v.object({ daily: v.number(), hourly: v.optional(v.number()) })),
    timeoutSeconds: v.optional(v.number(), 30),
  }),
})

/** The same for tests of one step: content is one text. */
export const NOTES = defineKind({ kind: 'note', schema: v.string(), defaultLabel: 'latest' })
