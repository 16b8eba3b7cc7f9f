import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { completeLock, type LockFile } from './complete-lock.js'

it('finds nothing to add to the lock file of this package', () => {
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as LockFile

  expect(completeLock(lock)).toEqual([])
})

it('adds an entry with the platform of its name for each exact version that has none', () => {
  const lock = lockOf({
    'node_modules/rollup': {
      dev: true,
      optionalDependencies: { '@rollup/rollup-linux-x64-musl': '4.1.0', '@rollup/rollup-win32-x64-msvc': '4.1.0' },
    },
    'node_modules/@rollup/rollup-win32-x64-msvc': { version: '4.1.0', dev: true, optional: true },
  })

  expect(completeLock(lock)).toEqual(['node_modules/@rollup/rollup-linux-x64-musl'])
  expect(lock.packages['node_modules/@rollup/rollup-linux-x64-musl']).toEqual({
    version: '4.1.0',
    dev: true,
    optional: true,
    os: ['linux'],
    cpu: ['x64'],
    libc: ['musl'],
  })
  expect(completeLock(lock)).toEqual([])
})

it('puts a second version below the package that wants it', () => {
  const lock = lockOf({
    'node_modules/esbuild': { optionalDependencies: { '@esbuild/aix-ppc64': '0.1.0' } },
    'node_modules/tsx/node_modules/esbuild': { optionalDependencies: { '@esbuild/aix-ppc64': '0.2.0' } },
  })

  const added = completeLock(lock)

  expect(added).toEqual(['node_modules/@esbuild/aix-ppc64', 'node_modules/tsx/node_modules/esbuild/node_modules/@esbuild/aix-ppc64'])
  expect(completeLock(lock)).toEqual([])
})

it('finds the entry that stands beside a nested package', () => {
  const lock = lockOf({
    'node_modules/@esbuild/aix-ppc64': { version: '0.1.0' },
    'node_modules/tsx/node_modules/esbuild': { optionalDependencies: { '@esbuild/aix-ppc64': '0.2.0' } },
    'node_modules/tsx/node_modules/@esbuild/aix-ppc64': { version: '0.2.0' },
  })

  expect(completeLock(lock)).toEqual([])
})

it('leaves ranges to npm and refuses a name without a platform', () => {
  expect(completeLock(lockOf({ 'node_modules/chokidar': { optionalDependencies: { fsevents: '~2.3.2' } } }))).toEqual([])
  expect(() => completeLock(lockOf({ 'node_modules/odd': { optionalDependencies: { helper: '1.0.0' } } }))).toThrow('helper')
})

function lockOf(packages: LockFile['packages']): LockFile {
  return { packages }
}
