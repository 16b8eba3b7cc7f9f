import type { Complaint } from '../tree/tree.js'
import type { Assignment } from './origin.js'
import type { Variable } from './variable.js'

/** Collects the values of the sources while they are read, lowest layer first and without the schema's defaults. */
export interface Findings {
  readonly assignments: Assignment[]
  readonly complaints: Complaint[]
  /** Variables of .env files; the later file wins. */
  readonly dotenv: Map<string, Variable>
  /** Settings files that were found. */
  readonly found: string[]
  readonly warnings: string[]
}
