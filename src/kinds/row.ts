/** What the contents of all labelled kinds have. */
export interface VersionContent {
  readonly id: number
  readonly project: string
  readonly name: string
  readonly version: number
  readonly createdBy: string | null
  readonly createdAt: string
}

/** A row as JSON or as a driver gives it. */
export type Row = Readonly<Record<string, unknown>>

/** The columns every version has. */
export function decodeVersion(row: Row): VersionContent {
  return {
    id: Number(row.id),
    project: row.project as string,
    name: row.name as string,
    version: Number(row.version),
    createdBy: (row.created_by as string | null) ?? null,
    createdAt: isoDate(row.created_at),
  }
}

/** Dates come as Date from the driver and as text from JSON; a frozen Date would still change. */
export function isoDate(value: unknown): string {
  return new Date(value as string | Date).toISOString()
}

/** jsonb comes parsed, unless the host told its driver otherwise. */
export function decodeJson(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value
}
