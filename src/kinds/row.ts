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

/** How PostgreSQL writes most dates into JSON: its time zone is UTC, and it has microseconds. */
const UTC = /^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3,6}\+00:00$/

/** Dates come as Date from the driver and as text from JSON; a frozen Date would still change. */
export function isoDate(value: unknown): string {
  // Joined into a text of its own: a template would keep the whole of the other, and be three objects in memory.
  if (typeof value === 'string' && UTC.test(value)) return [value.slice(0, '2026-01-01T00:00:00.000'.length), 'Z'].join('')
  return new Date(value as string | Date).toISOString()
}

/** Drivers parse jsonb, unless the host configured its driver to give the text. */
export function decodeJson(value: unknown): unknown {
  return typeof value === 'string' ? JSON.parse(value) : value
}
