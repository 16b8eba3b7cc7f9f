import { mergeConfig } from 'vitest/config'
import base from '../vitest.config.js'

// npm run test:browser: what needs a Chromium on the machine.
export default mergeConfig({ ...base, test: { ...base.test, include: [] } }, { test: { include: ['test/browser/**/*.browser.ts'] } })
