import pg from 'pg'
import type { ConfigurationManager } from '../../../src/index.js'
import { NAMES } from '../support/bench-prompts.js'
import { type BenchRow, perSecond } from '../support/row.js'
import { takeTurns } from '../support/take-turns.js'
import { promoteByHand } from './sql-by-hand.js'

const TURNS = { rounds: 15, warmUpRounds: 3 }
const WRITES_PER_TURN = 40

/**
 * Promotions one after another, with all a promotion does: checks, changelog, the new document stored in Redis, the announcement. By hand
 * into another database with the same prompts, so that neither hears of the other.
 */
export async function writeRow(manager: ConfigurationManager, byHandUrl: string): Promise<BenchRow> {
  const pool = new pg.Pool({ connectionString: byHandUrl, max: 10, min: 1 })
  pool.on('error', () => {})
  const name = NAMES[0]!
  const rates = await takeTurns(
    {
      ours: () => alternate((_from, version) => manager.prompts.promote({ name, version })),
      byHand: () => alternate((from, to) => promoteByHand(pool, name, from, to)),
    },
    TURNS,
  )
  await pool.end()
  return {
    measure: 'write (promote), one after another',
    ours: perSecond(rates.ours),
    beside: `same SQL by hand: ${perSecond(rates.byHand)}`,
    ratio: rates.ours / rates.byHand,
    reach: 0.7,
  }
}

/** Moves a label to and fro between versions 1 and 2. */
async function alternate(promote: (from: number, to: number) => Promise<unknown>): Promise<number> {
  for (let write = 0; write < WRITES_PER_TURN; write++) await promote(write % 2 === 0 ? 1 : 2, write % 2 === 0 ? 2 : 1)
  return WRITES_PER_TURN
}
