import { startOllamaServer } from '../../support/ollama-server.js'
import { startOpenAIServer } from '../../support/openai-server.js'

// The scripted servers in a process of their own, so that their work is not counted as a client's.
const [ollama, openai] = await Promise.all([startOllamaServer(), startOpenAIServer()])
process.send?.({ ollama: ollama.url, openai: openai.url })
process.on('disconnect', () => process.exit())
