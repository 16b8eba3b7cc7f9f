import type { ConfigurationManager } from '../../../src/index.js'
import { runStatement } from '../../support/services/template-database.js'
import { type BenchRow, significant } from '../support/row.js'
import { takeTurns } from '../support/take-turns.js'

const TURNS = { rounds: 9, warmUpRounds: 3 }
const WRITES_PER_TURN = 20
const FEW = 10
const MANY = 10_000

/** A promotion of a prompt with 10,000 versions, beside one of a prompt with 10. */
export async function manyVersionsRow(manager: ConfigurationManager, databaseUrl: string): Promise<BenchRow> {
  for (const total of [FEW, MANY]) {
    await runStatement(
      databaseUrl,
      `insert into agent_config.prompts (project, name, version, type, template)
       select 'default', '${nameOf(total)}', version, 'text', rpad('Version ' || version, 1600, '.') from generate_series(1, ${total}) as version`,
    )
  }
  const rates = await takeTurns({ many: () => promoteInTurn(manager, MANY), few: () => promoteInTurn(manager, FEW) }, TURNS)
  return {
    measure: `a promotion of a prompt with ${MANY.toLocaleString('en')} versions`,
    ours: `${significant(1_000 / rates.many)} ms`,
    beside: `with ${FEW} versions: ${significant(1_000 / rates.few)} ms`,
    ratio: rates.few / rates.many,
    reach: 3,
    atMost: true,
  }
}

async function promoteInTurn(manager: ConfigurationManager, total: number): Promise<number> {
  for (let write = 0; write < WRITES_PER_TURN; write++) {
    await manager.prompts.promote({ name: nameOf(total), version: total - (write % 2) })
  }
  return WRITES_PER_TURN
}

function nameOf(total: number): string {
  return `of-${total}-versions`
}
