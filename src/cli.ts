#!/usr/bin/env node
import { processIo } from './cli/process-io.js'
import { runCommandLine } from './cli/run.js'
import { STOPPED } from './cli/stopped.js'

process.exitCode = await runCommandLine(process.argv.slice(2), processIo())
// Connections of a command that was stopped may be open still.
if (process.exitCode === STOPPED) process.exit()
