import { checkCommand } from './check.js'
import type { Command } from './command.js'
import { historyCommand, promoteCommand, purgeCommand, rollbackCommand } from './day-to-day.js'
import { diffCommand } from './diff.js'
import { migrateCommand } from './migrate.js'
import { pullCommand } from './pull.js'
import { pushCommand } from './push.js'
import { rolloutCommand } from './rollout.js'
import { settingsCommand } from './settings.js'

/** Every command, in the order of the usage text. */
export const COMMANDS: readonly Command[] = [
  pullCommand,
  diffCommand,
  pushCommand,
  checkCommand,
  promoteCommand,
  rollbackCommand,
  historyCommand,
  purgeCommand,
  rolloutCommand,
  migrateCommand,
  settingsCommand,
]
