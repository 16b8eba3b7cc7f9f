import { defineConfig } from 'tsup'

export default defineConfig([
  {
    entry: {
      index: 'src/index.ts',
      settings: 'src/settings/index.ts',
      migrations: 'src/migrations.ts',
      llm: 'src/llm/index.ts',
      testing: 'src/testing/index.ts',
      'ai-sdk': 'src/ai-sdk/index.ts',
      otel: 'src/otel/index.ts',
    },
    format: ['esm', 'cjs'],
    target: 'node20',
    platform: 'node',
    dts: true,
    // Without splitting each CommonJS door would carry its own copy of every class, and `instanceof` would fail between doors.
    splitting: true,
    clean: true,
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
