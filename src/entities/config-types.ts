/**
 * What the configuration of a project holds, for the compiler alone. It is empty, and every name is a string, until a program includes the
 * file that `npx agent-config types` writes: that file augments this interface.
 *
 * @see docs/types.md
 */
// biome-ignore lint/suspicious/noEmptyInterface: augmented by the generated file
export interface ConfigTypes {}

/** What a variable of a template may be where nothing more is declared: everything that has a text. */
export type TemplateValue = string | number | boolean | bigint | object | null

/** A label that can be asked for. */
export type LabelName = ConfigTypes extends { readonly labels: infer Labels extends string } ? Labels | 'latest' : string

/** The name of a prompt. */
export type PromptName = ConfigTypes extends { readonly prompts: infer Prompts } ? keyof Prompts & string : string

/** The name of a model configuration. */
export type ModelName = ConfigTypes extends { readonly models: infer Names extends string } ? Names : string

/** The name of an embedding configuration. */
export type EmbeddingName = ConfigTypes extends { readonly embeddings: infer Names extends string } ? Names : string

/** A context that has rules. */
export type ContextName = ConfigTypes extends { readonly contextRules: infer Names extends string } ? Names : string

/** The name of a flag. */
export type FlagName = ConfigTypes extends { readonly flags: infer Flags } ? keyof Flags & string : string

/** The name of an entry of a host's kind. */
export type EntryName<KindName extends string = string> = ConfigTypes extends { readonly kinds: infer Kinds }
  ? KindName extends keyof Kinds
    ? Kinds[KindName] & string
    : string
  : string

/** The name of a kind, where entries of kinds are declared by it; else any string. */
export type DeclaredKindName<KindName extends string> = ConfigTypes extends { readonly kinds: object } ? KindName : string
