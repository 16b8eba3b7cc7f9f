import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

/** What `node --import` needs to run a TypeScript file, as an address that works from any working directory. */
export const TSX_LOADER = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
