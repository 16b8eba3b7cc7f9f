/** The door `agent-config/files`: configuration as files, projects as bundles, and the prompts of other systems. */

export type { ConfigFile, FileProblem, FileSet, LockedEntity, LockedProject, LockFile } from '../file-format/folder/file-set.js'
export { type ReadConfigFilesOptions, readConfigFiles } from '../file-format/folder/read-config-files.js'
export * from './bundle/index.js'
export { type CheckReport, checkFiles } from './check-config-files.js'
export * from './importers/index.js'
export type { FilesProgress, OnProgress } from './progress.js'
export { type PullFilesOptions, type PullReport, pullFiles } from './pull-files.js'
export { type DiffFilesOptions, diffFiles, type PushFilesOptions, type PushReport, pushFiles } from './push-files.js'
export type { PlannedFile } from './push-plan.js'
export { type EntityToWrite, type WriteConfigFilesOptions, writeConfigFiles } from './write-config-files.js'
