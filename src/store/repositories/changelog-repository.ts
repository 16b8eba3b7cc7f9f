import type { ConfigChange } from '../../entities/config-change.js'
import type { ConfigKind } from '../../entities/config-kind.js'
import { checkInteger, checkProject, checkText, LIMITS } from '../../shared/arguments.js'
import { InvalidArgumentError } from '../../shared/errors.js'
import { checkKeys } from '../../shared/known-keys.js'
import { listChanges } from '../read/changes.js'
import { decodeCursor, type Page, pageOf } from '../read/cursor.js'
import { type RepositoryDatabase, type RepositoryOptions, recorderOf } from '../write/open-recorder.js'
import type { Recorder } from '../write/recorder.js'

export interface ChangelogQuery {
  readonly kind?: ConfigKind | 'all'
  readonly name?: string
  /** Absent: every project. */
  readonly project?: string
  readonly changedBy?: string
  /** Only changes at or after this moment. */
  readonly since?: Date | string
  /** 1 to 1,000. @default 50 */
  readonly limit?: number
  readonly cursor?: string
}

/** The audit table, newest first. Nothing writes to it but the writes themselves. */
export class ChangelogRepository {
  readonly #recorder: Recorder

  constructor(database: RepositoryDatabase, options: RepositoryOptions = {}) {
    this.#recorder = recorderOf(database, options)
  }

  async list(query: ChangelogQuery = {}): Promise<Page<ConfigChange>> {
    checkKeys(query, ['kind', 'name', 'project', 'changedBy', 'since', 'limit', 'cursor'])
    const limit = checkInteger('limit', query.limit ?? 50, { min: 1, max: LIMITS.listLimit })
    if (query.kind !== undefined) this.#recorder.kinds.checkKind('kind', query.kind, 'all')
    if (query.name !== undefined) checkText('name', query.name)
    if (query.project !== undefined) checkProject(query.project)
    if (query.changedBy !== undefined) checkText('changedBy', query.changedBy)
    const since = query.since === undefined ? undefined : checkDate(query.since)
    const before = query.cursor === undefined ? undefined : decodeCursor<[number]>(query.cursor, ['number'])[0]
    const changes = await this.#recorder.read((db) =>
      listChanges(db, {
        kind: query.kind,
        name: query.name,
        project: query.project,
        changedBy: query.changedBy,
        since,
        before,
        limit: limit + 1,
      }),
    )
    return pageOf(changes, limit, (change) => [change.id])
  }
}

function checkDate(value: Date | string): Date {
  const date = new Date(value)
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError('since', 'must be a Date or an ISO 8601 date')
  return date
}
