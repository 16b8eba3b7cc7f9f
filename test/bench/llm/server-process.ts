import { startOllamaServer } from '../../support/ollama-server.js'

// The scripted server in a process of its own, so that its work is not counted as a client's.
const server = await startOllamaServer()
process.send?.(server.url)
process.on('disconnect', () => process.exit())
