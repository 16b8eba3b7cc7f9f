/** The door `agent-config/files`: configuration as files. */
export { type CheckReport, checkFiles } from './check-config-files.js'
export type { ConfigFile, FileProblem, FileSet, LockedEntity, LockedProject, LockFile } from './file-set.js'
export { type PullFilesOptions, type PullReport, pullFiles } from './pull-files.js'
export { type DiffFilesOptions, diffFiles, type PushFilesOptions, type PushReport, pushFiles } from './push-files.js'
export type { PlannedFile } from './push-plan.js'
export { type ReadConfigFilesOptions, readConfigFiles } from './read-config-files.js'
export { type EntityToWrite, type WriteConfigFilesOptions, writeConfigFiles } from './write-config-files.js'
