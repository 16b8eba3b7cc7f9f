import { join } from 'node:path'
import convict from 'convict'
import { parse } from 'smol-toml'

convict.addParser({ extension: 'toml', parse })
const schema = Object.fromEntries(
  Array.from({ length: 24 }, (_, index) => [
    `KEY_${index}`,
    { format: index % 2 === 0 ? 'int' : String, default: index % 2 === 0 ? 0 : '', env: `BENCH_KEY_${index}` },
  ]),
)
const config = convict({ ...schema, db: { host: { format: String, default: '' } } })
config.loadFile(['settings.toml', 'settings.prod.toml', '.secrets.toml'].map((name) => join(process.env.SETTINGS_FOLDER, name)))
config.validate({ allowed: 'strict' })
if (config.get('KEY_0') !== 900) throw new Error('wrong value')
