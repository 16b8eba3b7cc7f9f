import type { Action } from './actor.js'

/** The labels that an editor may change. */
export interface EditorOptions {
  /** The only labels an editor may set, move, remove or split. @default any label */
  readonly labels?: readonly string[]
}

/** Writes that an editor may not make: they concern all configuration at once. */
const FOR_ADMINS: ReadonlySet<string> = new Set(['refresh', 'purge', 'import'])

/** Ready answers for `Actor.can`. */
export const roles = {
  /** Reads only. */
  viewer: (action: Action): boolean => action.verb === 'read',
  /**
   * Reads, and writes that touch no other label than the given ones. New versions of kinds that are read by `latest` (embeddings, context
   * rules) are live at once, so they need `latest` among the labels.
   */
  editor: (options: EditorOptions = {}): ((action: Action) => boolean) => {
    const allowed = options.labels && new Set(options.labels)
    return ({ verb, labels }) => {
      if (verb === 'read') return true
      return !FOR_ADMINS.has(verb) && (allowed === undefined || labels.every((label) => allowed.has(label)))
    }
  },
  /** Everything. */
  admin: (_action: Action): boolean => true,
} as const
