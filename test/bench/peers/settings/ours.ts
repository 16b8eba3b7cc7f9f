import * as v from 'valibot'
import { createConfig } from '../../../../src/settings/index.js'

const schema = v.object({
  ...Object.fromEntries(
    Array.from({ length: 24 }, (_, index) => [`KEY_${index}`, index % 2 === 0 ? v.pipe(v.number(), v.integer()) : v.string()]),
  ),
  db: v.object({ host: v.string() }),
})
const config = createConfig({ schema, root: process.env.SETTINGS_FOLDER as string, environment: 'prod', prefix: 'BENCH' })
if (config.get('KEY_0' as string) !== 900) throw new Error('wrong value')
