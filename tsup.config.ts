import type { Plugin } from 'esbuild'
import { defineConfig } from 'tsup'

/**
 * Takes Node's modules by `process.getBuiltinModule`. An `import` of `node:fs` makes Node read every property of it, which loads its
 * streams and costs a start 1.6 ms. Node before 20.16 has no such function and gets them by `require`.
 * See docs/decisions/0055-the-settings-door-starts-lighter.md.
 */
const builtinsWithoutFacades: Plugin = {
  name: 'builtins-without-facades',
  setup(build) {
    // A CommonJS build calls `require`, which makes no such copy.
    if (build.initialOptions.format !== 'esm') return
    build.onResolve({ filter: /^node:/, namespace: 'file' }, ({ path }) => ({ path, namespace: 'builtin' }))
    build.onResolve({ filter: /^node:module$/, namespace: 'builtin' }, ({ path }) => ({ path, external: true }))
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: builtin(path), loader: 'js' }))
  },
}

/** A name that a door does not use is left out of it; the rest of the module is never read. */
function builtin(path: string): string {
  return [
    `import { createRequire } from 'node:module'`,
    `const module = (process.getBuiltinModule ?? createRequire(process.execPath))('${path}')`,
    `const take = (name) => module[name]`,
    `export default module`,
    ...Object.keys(process.getBuiltinModule(path) ?? {}).map((name) => `export const ${name} = /* @__PURE__ */ take('${name}')`),
  ].join('\n')
}

const doors = {
  index: 'src/index.ts',
  migrations: 'src/migrations.ts',
  prompts: 'src/prompts.ts',
  llm: 'src/llm/index.ts',
  testing: 'src/testing/index.ts',
  'ai-sdk': 'src/ai-sdk/index.ts',
  otel: 'src/otel/index.ts',
  http: 'src/http/index.ts',
  openfeature: 'src/openfeature/index.ts',
  files: 'src/files/index.ts',
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
    removeNodeProtocol: false,
    esbuildPlugins: [builtinsWithoutFacades],
  },
  {
    // One file with its small dependencies inside: a service reads its settings before everything else, and each file costs a start
    // about as much as reading the settings does. See docs/decisions/0031-the-settings-door-is-one-file.md.
    entry: settings,
    format: ['esm', 'cjs'],
    target: 'node20',
    platform: 'node',
    noExternal: ['smol-toml', 'eventemitter3'],
    // Without it tsup answers for `node:` itself, before the plugin is asked.
    removeNodeProtocol: false,
    esbuildPlugins: [builtinsWithoutFacades],
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
