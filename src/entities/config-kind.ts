/** The kinds of configuration that come with the package. */
export type BuiltInKind = 'prompt' | 'model' | 'embedding' | 'flag' | 'context_rules'

/** A kind of configuration: one that comes with the package, or one that a host declared with `defineKind()`. */
export type ConfigKind = BuiltInKind | (string & {})

/** A kind whose versions carry labels. */
export type LabelledKind = Exclude<BuiltInKind, 'context_rules'> | (string & {})
