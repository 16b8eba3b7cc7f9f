import { createConfig } from 'agent-config/settings'
import * as v from 'valibot'

const schema = v.object({
  ...Object.fromEntries(
    Array.from({ length: 24 }, (_, index) => [`KEY_${index}`, index % 2 === 0 ? v.pipe(v.number(), v.integer()) : v.string()]),
  ),
  db: v.object({ host: v.string() }),
})
const config = createConfig({ schema, root: process.env.SETTINGS_FOLDER, environment: 'prod', prefix: 'BENCH' })
if (config.get('KEY_0') !== 900) throw new Error('wrong value')
