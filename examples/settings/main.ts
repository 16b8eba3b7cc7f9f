import { fileURLToPath } from 'node:url'
import { createConfig } from '../../src/settings/index.js'
import { options } from './schema.js'

// An application of your own imports createConfig from 'agent-config/settings' and is started where its config/ is.
const config = createConfig({ ...options, root: fileURLToPath(new URL('config', import.meta.url)) })

console.log(
  `${config.values.APP_NAME} in "${config.environment}", waiting ${config.values.LLM_TIMEOUT_SECONDS} s for ${config.values.DEFAULT_MODEL}`,
)
console.log(config.explain('LOG_LEVEL'))
