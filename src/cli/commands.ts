import { checkCommand } from './check.js'
import type { Command } from './command.js'
import { copyCommand } from './copy.js'
import { diffCommand } from './diff.js'
import { exportCommand } from './export.js'
import { historyCommand } from './history.js'
import { importCommand } from './import.js'
import { migrateCommand } from './migrate.js'
import { promoteCommand } from './promote.js'
import { pullCommand } from './pull.js'
import { purgeCommand } from './purge.js'
import { pushCommand } from './push.js'
import { rollbackCommand } from './rollback.js'
import { rolloutCommand } from './rollout.js'
import { settingsCommand } from './settings.js'
import { snapshotCommand } from './snapshot.js'
import { typesCommand } from './types.js'

/** Every command, in the order of the usage text. */
export const COMMANDS: readonly Command[] = [
  pullCommand,
  diffCommand,
  pushCommand,
  checkCommand,
  typesCommand,
  promoteCommand,
  rollbackCommand,
  historyCommand,
  copyCommand,
  purgeCommand,
  exportCommand,
  importCommand,
  snapshotCommand,
  rolloutCommand,
  migrateCommand,
  settingsCommand,
]
