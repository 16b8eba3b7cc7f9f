import { expect, it } from 'vitest'
import { BROKEN_BUILDS } from './broken-builds.js'
import { editedSource } from './broken-copy.js'

// Whether somebody notices is a matter of minutes: `npm run chaos -- --broken`.
it.each(BROKEN_BUILDS)('$name breaks a place that the source has', ({ edits }) => {
  for (const edit of edits) expect(editedSource(edit)).toContain(edit.put)
})
