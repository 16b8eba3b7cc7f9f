export type { Bundle, BundleEntity, BundleRollout, BundleVersion } from './bundle.js'
export { BUNDLE_FORMAT } from './bundle.js'
export { type ExportingManager, type ExportOptions, exportBundle } from './export-bundle.js'
export { type ImportOptions, type ImportReport, importBundle } from './import-bundle.js'
