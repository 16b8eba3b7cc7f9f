import { defineConfig } from 'tsup'

const doors = {
  index: 'src/index.ts',
  migrations: 'src/migrations.ts',
  llm: 'src/llm/index.ts',
  testing: 'src/testing/index.ts',
  'ai-sdk': 'src/ai-sdk/index.ts',
  otel: 'src/otel/index.ts',
  http: 'src/http/index.ts',
}
const settings = { settings: 'src/settings/index.ts' }

export default defineConfig([
  {
    entry: doors,
    format: ['esm', 'cjs'],
    target: 'node20',
    platform: 'node',
    dts: { entry: { ...doors, ...settings } },
    // Without splitting each CommonJS door would carry its own copy of every class, and `instanceof` would fail between doors.
    splitting: true,
    clean: true,
  },
  {
    // One file with its small dependencies inside: a service reads its settings before everything else, and each file costs a start
    // about as much as reading the settings does. See docs/decisions/0031-the-settings-door-is-one-file.md.
    entry: settings,
    format: ['esm', 'cjs'],
    target: 'node20',
    platform: 'node',
    noExternal: ['smol-toml', 'eventemitter3'],
    splitting: false,
    esbuildOptions: (options) => {
      options.minifyWhitespace = true
      options.minifySyntax = true
    },
    clean: false,
  },
  {
    entry: { cli: 'src/cli.ts' },
    format: ['esm'],
    target: 'node20',
    platform: 'node',
    splitting: false,
    clean: false,
  },
])
