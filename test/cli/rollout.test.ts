import { describe, expect, it } from 'vitest'
import { type CliIo, UsageError } from '../../src/cli/command.js'
import { COMMANDS } from '../../src/cli/commands.js'
import { rolloutCommand } from '../../src/cli/rollout.js'
import { aPrompt, refusal, useRollouts } from '../rollouts/fixture.js'

const fixture = useRollouts()
const ARMS = [
  { version: 1, weight: 1 },
  { version: 2, weight: 1 },
] as const

async function started(options: object = {}) {
  const manager = fixture.manager()
  await aPrompt(manager)
  const guard = { metrics: ['error'], settleMs: 0, action: 'notify' } as const
  return { manager, ...(await manager.rollouts.start({ kind: 'prompt', name: 'greeting', arms: ARMS, guard, ...options })) }
}

/** Runs one command line, as the shell would hand it over. */
async function run(...args: readonly string[]) {
  let output = ''
  const io = {
    stdout: (text: string) => {
      output += text
    },
    env: { DATABASE_URL: fixture.url, USER: 'ada' },
    uninterrupted: <Value>(work: () => Promise<Value>) => work(),
  }
  const code = await rolloutCommand.run(args, io as unknown as CliIo)
  return { code, output }
}

const NOWHERE = { stdout: () => {}, env: {}, uninterrupted: (work: () => unknown) => work() } as unknown as CliIo

describe('agent-config rollout', () => {
  it('is a command of the list', () => {
    expect(COMMANDS).toContain(rolloutCommand)
  })

  it('report tells subjects, outcomes with intervals, the ratio and the verdict, and ends with 2 when it is worse', async () => {
    const { manager, id } = await started()
    const early = await run('report', id)
    for (let person = 0; person < 120; person++) {
      const subject = `user-${person}`
      const prompt = await manager.getPrompt('greeting', { subject })
      manager.outcomes.record({ subject, metric: 'error', bad: prompt?.version === 2 })
      manager.outcomes.record({ subject, metric: 'cost', value: 0.5 })
    }
    await manager.outcomes.flush()
    const late = await run('report', id)
    const json = await run('report', id, '--json')

    expect(early).toMatchObject({ code: 0, output: expect.stringContaining('error: too early to say, evidence 1.00 of 20.') })
    expect(late.code).toBe(2)
    expect(late.output).toContain(`prompt "greeting" on production: rollout ${id}, running, 100 % of subjects`)
    expect(late.output).toMatch(/^ +v1 \(control\) +v2$/m)
    expect(late.output).toMatch(/^error +0 bad, 0 % \(0 % to [\d.]+ %\) +\d+ bad, 100 % \([\d.]+ % to 100 %\)$/m)
    expect(late.output).toMatch(/^cost +mean 0.5/m)
    expect(late.output).toMatch(/^error: WORSE, evidence [\d.e+]+ of 20\.$/m)
    expect(late.output).toContain('The arms get the subjects they should')
    expect(JSON.parse(json.output)).toMatchObject({ rolloutId: id, guard: [{ verdict: 'worse' }] })
  })

  it('pause, resume and ramp change it, and say who and why', async () => {
    const { manager, id } = await started({ guard: undefined, sticky: true })

    const paused = await run('pause', id, '--summary', 'looking at it')
    const resumed = await run('resume', id, '--by', 'lin')
    const ramped = await run('ramp', id, '--coverage', '25', '--weights', '1,3')
    const closed = await run('ramp', id, '--enrol', 'false', '--json')

    expect(paused.output).toMatch(
      new RegExp(`^prompt "greeting" on production: rollout ${id} is paused, 100 % of subjects, v1 1 : v2 1, revision \\d+\\n$`),
    )
    expect(resumed.output).toContain('is running')
    expect(ramped.output).toContain('25 % of subjects, v1 1 : v2 3')
    expect(JSON.parse(closed.output)).toMatchObject({ id, enrol: false })
    const [, , third, fourth] = await manager.prompts.history({ name: 'greeting' })
    expect([third, fourth]).toMatchObject([
      { changeType: 'rollout_resume', changedBy: 'lin' },
      { changeType: 'rollout_pause', changedBy: 'ada', changeSummary: 'looking at it' },
    ])
  })

  it('resume goes on with what a guard has paused only with --acknowledge', async () => {
    const { manager, id } = await started({ guard: { metrics: ['error'], settleMs: 0 } })
    await manager.rollouts.pause(id)
    await fixture.sql(`update agent_config.config_rollouts set guard = guard || '{"acted": true}' where id = $1`, [id])
    await manager.refresh()

    const report = await run('report', id)
    const refused = await refusal(run('resume', id))
    const resumed = await run('resume', id, '--acknowledge')

    expect(report.output).toContain('Its guard has paused it')
    expect(refused).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'acknowledge' })
    expect(resumed.output).toContain('is running, 100 % of subjects, v1 1 : v2 1, alpha spent 0.1')
  })

  it.each([
    [[], 'one of report, pause, resume, ramp'],
    [['widen', 'x'], 'one of report, pause, resume, ramp'],
    [['report'], 'ID'],
    [['report', 'x', 'y'], 'ID'],
    [['report', 'x', '--by', 'ada'], '--by'],
    [['pause', 'x', '--acknowledge'], '--acknowledge'],
    [['ramp', 'x'], '--coverage, --weights or --enrol'],
    [['ramp', 'x', '--coverage', 'most'], '--coverage'],
    [['ramp', 'x', '--weights', '1,'], '--weights'],
    [['ramp', 'x', '--enrol', 'yes'], '--enrol'],
  ])('%j is refused before anything is asked, and names %s', async (args, named) => {
    const refused = await refusal(rolloutCommand.run(args, NOWHERE))

    expect(refused).toBeInstanceOf(UsageError)
    expect(refused.message).toContain(named)
  })

  it('a rollout that is not there, and a missing database, are said', async () => {
    expect((await refusal(run('report', 'nowhere'))).code).toBe('E_NOT_FOUND')
    expect((await refusal(run('pause', 'nowhere'))).code).toBe('E_NOT_FOUND')
    expect((await refusal(rolloutCommand.run(['report', 'x'], NOWHERE))).message).toContain('DATABASE_URL')
  })
})
