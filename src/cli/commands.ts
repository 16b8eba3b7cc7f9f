import type { Command } from './command.js'
import { copyCommand } from './copy.js'
import { exportCommand } from './export.js'
import { historyCommand } from './history.js'
import { importCommand } from './import.js'
import { migrateCommand } from './migrate.js'
import { promoteCommand } from './promote.js'
import { purgeCommand } from './purge.js'
import { rollbackCommand } from './rollback.js'
import { rolloutCommand } from './rollout.js'
import { settingsCommand } from './settings.js'
import { snapshotCommand } from './snapshot.js'

/** Every command, in the order of the usage text. */
export const COMMANDS: readonly Command[] = [
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
