import { expect, it } from 'vitest'
import worker from './a-worker.js'
import { CHECKS, faultsOf } from './checks.js'

// In Node here, and in workerd with: npm run test:workers
it.each(CHECKS)('$name', async (check) => {
  const answer = await worker.fetch(new Request(`http://host${check.path}`, { redirect: 'manual', ...check.init }))

  expect(await faultsOf(check, answer)).toEqual([])
})
