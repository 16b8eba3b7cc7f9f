/** The query of a cached read. */
export interface ReadQuery {
  readonly project?: string
  readonly label?: string
  readonly version?: number
  readonly subject?: string
  readonly minRevision?: number
}
