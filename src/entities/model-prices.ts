/** What a model costs. The package knows no prices of its own: these are what the host wrote down, and versions keep them. */
export interface ModelPrices {
  /** For a million tokens that the model reads. 0 or more. */
  readonly inputPerMillion: number
  /** For a million tokens that the model writes, thoughts included. 0 or more. */
  readonly outputPerMillion: number
  /** For a million tokens read that came from the provider's cache. @default `inputPerMillion` */
  readonly cachedInputPerMillion?: number
  /** ISO 4217: `USD`. */
  readonly currency: string
}
