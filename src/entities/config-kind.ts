/** The four kinds of configuration. */
export type ConfigKind = 'prompt' | 'model' | 'embedding' | 'context_rules'

/** The kinds whose versions carry labels. */
export type LabelledKind = Exclude<ConfigKind, 'context_rules'>

export const CONFIG_KINDS: readonly ConfigKind[] = ['prompt', 'model', 'embedding', 'context_rules']
