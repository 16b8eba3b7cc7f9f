import type { Command } from './command.js'
import { migrateCommand } from './migrate.js'
import { rolloutCommand } from './rollout.js'
import { settingsCommand } from './settings.js'

/** Every command, in the order of the usage text. */
export const COMMANDS: readonly Command[] = [migrateCommand, rolloutCommand, settingsCommand]
