import type { ContextRule } from '../entities/context-rule.js'
import { LIMITS } from '../shared/arguments.js'
import { deepFreeze } from '../shared/json.js'
import { isoDate, type Row } from './row.js'

/** What to look at and what to leave out, by context: versions without labels, of which the highest active one is in force. */
export const CONTEXT_RULES = {
  kind: 'context_rules',
  plural: 'context-rules',
  noun: 'context rule',
  maxNameLength: LIMITS.shortName,
  fields: ['important', 'ignore', 'description'],
} as const

export function decodeContextRule(row: Row): ContextRule {
  return deepFreeze({
    id: Number(row.id),
    project: row.project as string,
    context: row.context as string,
    version: Number(row.version),
    important: (row.important as string | null) ?? null,
    ignore: (row.ignore as string | null) ?? null,
    description: (row.description as string | null) ?? null,
    isActive: row.is_active as boolean,
    createdBy: (row.created_by as string | null) ?? null,
    createdAt: isoDate(row.created_at),
  })
}
