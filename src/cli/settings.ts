import { runSettingsCommand } from '../settings/command.js'
import type { Command } from './command.js'

export const settingsCommand: Command = {
  name: 'settings',
  usage: 'list | get KEY | inspect KEY | validate | docs | example',
  summary: 'Shows the settings of files and environment as createConfig() reads them.',
  help: '',
  ownsHelp: true,
  run: (args, io) => runSettingsCommand(args, io),
}
