import pg from 'pg'
import type { ConfigurationManager } from '../../../src/index.js'
import { NAMES, templateOf } from '../support/bench-prompts.js'
import { type BenchRow, perSecond } from '../support/row.js'
import { takeTurns } from '../support/take-turns.js'
import { createVersionByHand, promoteByHand } from './sql-by-hand.js'

const TURNS = { rounds: 15, warmUpRounds: 3 }
const FAR_TURNS = { rounds: 3, warmUpRounds: 1 }
const WRITES_PER_TURN = 40

/**
 * Writes one after another, with all that a write does: checks, changelog, the new document stored in Redis, the announcement. By hand into
 * another database with the same prompts, so that neither hears of the other. By hand a rollback is a promotion: nothing looks up where the
 * label was before.
 *
 * @param distance how far the servers are, where they are not on this machine
 */
export async function writeRows(manager: ConfigurationManager, byHandUrl: string, distance?: string): Promise<BenchRow[]> {
  const pool = new pg.Pool({ connectionString: byHandUrl, max: 10, min: 1 })
  pool.on('error', () => {})
  const name = NAMES[0]!
  // A run by hand numbers the versions from the second on.
  const growing = NAMES[distance === undefined ? 1 : 2]!
  const versions = { ours: 1, byHand: 1 }
  const rows = [
    await row(
      'promote',
      distance,
      () => alternate((_from, version) => manager.prompts.promote({ name, version })),
      () => alternate((from, to) => promoteByHand(pool, name, from, to)),
    ),
    await row(
      'createVersion',
      distance,
      () => repeat(() => manager.prompts.createVersion({ name: growing, template: `${templateOf(growing)} ${++versions.ours}` })),
      () => repeat(() => createVersionByHand(pool, growing, ++versions.byHand, `${templateOf(growing)} ${versions.byHand}`)),
    ),
    await row(
      'rollback',
      distance,
      () => repeat(() => manager.prompts.rollback({ name })),
      () => alternate((from, to) => promoteByHand(pool, name, from, to)),
    ),
  ]
  await pool.end()
  return rows
}

async function row(
  verb: string,
  distance: string | undefined,
  ours: () => Promise<number>,
  byHand: () => Promise<number>,
): Promise<BenchRow> {
  const rates = await takeTurns({ ours, byHand }, distance === undefined ? TURNS : FAR_TURNS)
  return {
    measure: `write (\`${verb}\`), one after another${distance === undefined ? '' : `, ${distance}`}`,
    ours: perSecond(rates.ours),
    beside: `same SQL by hand: ${perSecond(rates.byHand)}`,
    ratio: rates.ours / rates.byHand,
    reach: 1,
  }
}

/** Moves a label to and fro between versions 1 and 2. */
async function alternate(promote: (from: number, to: number) => Promise<unknown>): Promise<number> {
  for (let write = 0; write < WRITES_PER_TURN; write++) await promote(write % 2 === 0 ? 1 : 2, write % 2 === 0 ? 2 : 1)
  return WRITES_PER_TURN
}

async function repeat(work: () => Promise<unknown>): Promise<number> {
  for (let write = 0; write < WRITES_PER_TURN; write++) await work()
  return WRITES_PER_TURN
}
