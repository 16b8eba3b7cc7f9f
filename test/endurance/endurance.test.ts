import { expect, it } from 'vitest'
import { complaintsOf, enduranceText, runEndurance, SHORT } from './endurance.js'

it('takes no more memory at the end of a long day than in its middle', async () => {
  const report = await runEndurance(SHORT)

  console.info(enduranceText(report))
  expect(complaintsOf(report)).toEqual([])
}, 600_000)
