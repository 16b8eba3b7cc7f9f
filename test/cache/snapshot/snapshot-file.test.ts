import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { readSnapshot, type Snapshot, UnusableSnapshot, writeSnapshot } from '../../../src/cache/snapshot/snapshot-file.js'
import { Snapshots } from '../../../src/cache/snapshot/snapshots.js'
import { eventually } from '../../support/eventually.js'
import { spawnWorker } from '../../support/spawn-worker.js'
import type { SnapshotHandlers } from './snapshot-process.js'

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  return { ...real, open: vi.fn(real.open) }
})

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'agent-config-snapshot-'))
  file = join(folder, 'last-good')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function aSnapshot(texts: readonly string[]): Snapshot {
  const documents = texts.map((text, place) => ({ scope: `prompt:default:${place}`, revision: place, token: `t${place}`, asOf: 9, text }))
  return { database: 'db', schema: 'agent_config', revision: 9, documents }
}

describe('a snapshot file', () => {
  it('gives back what was written, whatever texts are in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { maxLength: 300 }), async (texts) => {
        const snapshot = aSnapshot(texts.map((text) => text.toWellFormed()))

        await writeSnapshot(file, snapshot)

        expect(await readSnapshot(file, 'agent_config')).toEqual(snapshot)
      }),
      { numRuns: 25 },
    )
  })

  it('is refused when it was cut or changed anywhere', async () => {
    await writeSnapshot(file, aSnapshot(['"first"', '"second"']))
    const whole = readFileSync(file)

    await fc.assert(
      // Without its last line break it still says everything.
      fc.asyncProperty(fc.nat(whole.length - 2), fc.boolean(), fc.integer({ min: 1, max: 255 }), async (place, isCut, bits) => {
        const harmed = Buffer.from(isCut ? whole.subarray(0, place) : whole)
        if (!isCut) harmed.writeUInt8(harmed.readUInt8(place) ^ bits, place)
        writeFileSync(file, harmed)

        await expect(readSnapshot(file, 'agent_config')).rejects.toBeInstanceOf(UnusableSnapshot)
      }),
    )
  })

  it.each([
    ['of another schema', aSnapshot([]), 'other', true],
    ['that is a folder', undefined, 'agent_config', true],
  ])('%s is refused, and may be replaced', async (_title, snapshot, schema, mayReplace) => {
    if (snapshot) await writeSnapshot(file, snapshot)

    await expect(readSnapshot(snapshot ? file : folder, schema)).rejects.toMatchObject({ mayReplace })
  })

  it.each([
    [1, 'is read: its documents say more'],
    [3, 'is refused, and may be replaced'],
  ])('of form %d %s', async (format) => {
    await writeSnapshot(file, aSnapshot(['"first"']))
    const [first = '', second = ''] = readFileSync(file, 'utf8').split('\n')
    const text = `${first.replace('"format":2', `"format":${format}`)}\n${second}\n`
    writeFileSync(file, `${text}${JSON.stringify({ sha256: createHash('sha256').update(text).digest('hex') })}\n`)

    const reading = readSnapshot(file, 'agent_config')

    if (format === 1) expect(await reading).toEqual(aSnapshot(['"first"']))
    else await expect(reading).rejects.toMatchObject({ mayReplace: true })
  })

  it('that is not there is no error', async () => {
    expect(await readSnapshot(file, 'agent_config')).toBeUndefined()
  })

  it('is whole at every moment, also when its writer is killed', async () => {
    const writer = await spawnWorker<SnapshotHandlers>(new URL('./snapshot-process.ts', import.meta.url), { args: [file] })
    await writer.ask('written', 1)
    const seen = new Set<number>()

    for (let count = 0; count < 100; count++) seen.add((await readSnapshot(file, 'agent_config'))?.revision as number)
    await writer.kill()
    const last = await readSnapshot(file, 'agent_config')

    expect([...seen].every((revision) => revision > 0)).toBe(true)
    expect(last?.documents.length).toBe(200)
  })
})

describe('the draft of a snapshot', () => {
  it('has a name of its own each time, is made new, and only its owner can read it', async () => {
    const opened = vi.mocked(open)
    opened.mockClear()

    await Promise.all([writeSnapshot(file, aSnapshot(['"a"'])), writeSnapshot(file, aSnapshot(['"b"']))])

    const calls = opened.mock.calls.map(([path, flags, mode]) => ({ path: String(path), flags, mode }))
    expect(calls.map(({ flags, mode }) => [flags, mode])).toEqual([
      ['wx', 0o600],
      ['wx', 0o600],
    ])
    expect(new Set(calls.map(({ path }) => path)).size).toBe(2)
    expect(calls.every(({ path }) => /\.[\da-f-]{36}\.tmp$/.test(path))).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('goes at the next start when its writer was killed, and nothing else does', async () => {
    const abandoned = `${file}.0b2cf6a1-8d0f-4a26-9a39-5f4f1a2f4a77.tmp`
    const young = `${file}.1b2cf6a1-8d0f-4a26-9a39-5f4f1a2f4a77.tmp`
    const hosts = `${file}.notes.tmp`
    for (const path of [abandoned, young, hosts]) writeFileSync(path, '')
    for (const path of [abandoned, hosts]) utimesSync(path, new Date(0), new Date(0))

    await new Snapshots({ file, schema: 'agent_config', take: () => undefined, onError: () => {} }).load()

    expect(readdirSync(folder).map((name) => join(folder, name))).toEqual([young, hosts])
  })
})

describe('Snapshots', () => {
  it('writes what changed within a second once, and nothing before anything was confirmed', async () => {
    vi.useFakeTimers()
    let revision: number | undefined
    const take = vi.fn(() => (revision === undefined ? undefined : { ...aSnapshot(['"text"']), revision }))
    const snapshots = new Snapshots({ file, schema: 'agent_config', take, onError: (error) => expect.fail(String(error)) })

    snapshots.changed()
    await vi.advanceTimersByTimeAsync(1_000)
    const early = readdirSync(folder)
    revision = 1
    for (let count = 0; count < 100; count++) snapshots.changed()
    await vi.advanceTimersByTimeAsync(1_000)
    vi.useRealTimers()
    await snapshots.close()

    expect(early).toEqual([])
    expect(take).toHaveBeenCalledTimes(2)
    expect((await readSnapshot(file, 'agent_config'))?.revision).toBe(1)
    expect(readdirSync(folder)).toEqual(['last-good'])
  })

  it('tells of a file that cannot be written once, and leaves nothing behind', async () => {
    const errors: string[] = []
    const blocked = join(folder, 'blocked')
    writeFileSync(blocked, '')
    const parts = { file: join(blocked, 'last-good'), schema: 'agent_config', take: () => aSnapshot([]) }
    vi.useFakeTimers()
    const snapshots = new Snapshots({ ...parts, onError: (_error, message) => void errors.push(message) })

    snapshots.changed()
    await vi.advanceTimersByTimeAsync(1_000)
    vi.useRealTimers()
    await eventually(() => expect(errors).toHaveLength(1))
    snapshots.changed()
    await snapshots.close()

    expect(errors).toEqual([expect.stringContaining('could not be written')])
    expect(readdirSync(folder)).toEqual(['blocked'])
  })
})
