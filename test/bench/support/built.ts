// What users run is the build. The loader that runs these TypeScript files names every closure as it is made, which alone costs a write
// half of its speed, so what is measured is not loaded through it.
type Doors = typeof import('../../../src/index.js')

const built = (await import(new URL('../../../dist/index.js', import.meta.url).href)) as Doors

export const { BaseAgent, createConfig, createConfigManager, OllamaClient, OpenAICompatibleClient } = built

const otel = (await import(new URL('../../../dist/otel.js', import.meta.url).href)) as typeof import('../../../src/otel/index.js')

export const { traceAgents } = otel
