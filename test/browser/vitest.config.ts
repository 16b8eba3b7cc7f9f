import { mergeConfig } from 'vitest/config'
import base from '../vitest.config.js'

// npm run test:browser: what needs a Chromium on the machine.
const { projects: _, ...test } = base.test ?? {}

export default mergeConfig({ ...base, test }, { test: { include: ['test/browser/**/*.browser.ts'] } })
