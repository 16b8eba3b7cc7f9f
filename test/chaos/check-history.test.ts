import { describe, expect, it } from 'vitest'
import { checkHistory, type Evidence, type Promise_ } from './check-history.js'
import type { HistoryLine } from './history.js'

// One loss between 100 and 110 s: revision 3 is lost, and stands for another write afterwards.
const LOSS = { from: 100_000, to: 110_000, kept: 2, lost: [{ revision: 3, name: 'b', v: 'lost' }] }
const WRITES = [
  { revision: 1, name: 'a', v: 'a1' },
  { revision: 2, name: 'b', v: 'b2' },
  { revision: 3, name: 'a', v: 'made' },
]

/** What the checker says of one worker's lines; each is an event of its own, and each read begins after the event before it. */
function violationsOf(lines: readonly (Record<string, unknown> & { readonly e: string; readonly t: number })[]): Promise_[] {
  const numbered = lines.map((line, place) => ({ q: place + 1, b: place, ...line }) as unknown as HistoryLine)
  const truth = { writes: WRITES, losses: [LOSS], labelled: { a: 'made', b: 'b2' } }
  const evidence: Evidence = {
    histories: [{ worker: 0, lines: numbered, isWhole: false }],
    truth,
    outages: [{ from: LOSS.from, to: LOSS.to, worker: 'all' }],
    readMs: 1_000,
    pollMs: 1_000,
  }
  return checkHistory(evidence).violations.map(({ promise }) => promise)
}

const born = { e: 'met', t: 1_000 }
const met = (t: number) => ({ e: 'met', t })
const read = (t: number, name: string, v: string) => ({ e: 'read', t, name, v })

describe('a history that was lost', () => {
  it('may have acknowledged writes, and be served until the next one is met', () => {
    const lines = [
      born,
      { e: 'ack', t: 90_000, names: ['b'], v: 'lost', revision: 3 },
      read(91_000, 'b', 'lost'),
      read(111_000, 'b', 'lost'),
    ]

    expect(violationsOf([...lines, met(111_500), read(112_000, 'b', 'b2'), read(112_000, 'a', 'made')])).toEqual([])
  })

  it('is not served after the next one was met', () => {
    expect(violationsOf([born, met(111_000), read(112_000, 'b', 'lost')])).toEqual(['G1 of a lost history'])
  })

  it('may still be the answer to a read that began before the next one was met', () => {
    expect(violationsOf([born, met(111_000), { ...read(112_000, 'b', 'lost'), b: 1 }])).toEqual([])
  })

  it('is not served for ever by a worker that never meets the next one', () => {
    expect(violationsOf([born, read(130_000, 'b', 'lost')])).toEqual(['G2 late'])
  })

  it('does not come back when one document of the next one was read ahead', () => {
    const ahead = [born, read(90_000, 'b', 'lost'), read(111_000, 'b', 'b2')]

    expect(violationsOf(ahead)).toEqual([])
    expect(violationsOf([...ahead, read(112_000, 'b', 'lost')])).toEqual(['G1 of a lost history'])
  })

  it('takes its numbers along: an announcement of a lost revision binds nobody afterwards', () => {
    const told = { e: 'told', t: 90_000, name: 'b', revision: 3 }

    expect(violationsOf([born, told, met(111_000), read(112_000, 'b', 'b2')])).toEqual([])
    expect(violationsOf([told, met(111_000), read(112_000, 'b', 'b2')])).toEqual([])
    expect(violationsOf([born, told, read(95_000, 'b', 'b2')])).toEqual(['G1 older than told'])
  })

  it('is not served after a change of the next one was told of, whether that one was met or not', () => {
    const told = { e: 'told', t: 111_000, name: 'b', revision: 4 }

    expect(violationsOf([born, told, read(111_500, 'b', 'lost')])).toEqual(['G1 older than told'])
    expect(violationsOf([born, told, read(111_500, 'b', 'b2')])).toEqual([])
  })

  it('hides no write that was acknowledged after it, nor one that was never there', () => {
    expect(violationsOf([born, { e: 'ack', t: 120_000, names: ['a'], v: 'gone', revision: 4 }])).toEqual(['G4 lost'])
    expect(violationsOf([born, { e: 'refused', t: 112_000, v: 'lost', outcome: 'none', error: '' }])).toEqual([])
    expect(violationsOf([born, { e: 'refused', t: 90_000, v: 'lost', outcome: 'none', error: '' }])).toEqual(['G4 rejected and written'])
  })
})

it('holds a history to its own order', () => {
  expect(violationsOf([born, met(111_000), read(112_000, 'a', 'made'), read(113_000, 'a', 'a1')])).toEqual(['G1 backwards'])
})
