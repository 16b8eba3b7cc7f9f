import type { Rollout } from '../entities/rollout.js'
import type { Written } from '../entities/written.js'
import type { ConfigurationManager } from '../manager/configuration-manager.js'
import { type CliIo, type Command, parseCommandLine, UsageError } from './command.js'
import { CONNECTION_OPTIONS, declaredKindsIn, withManager } from './connection.js'
import { reportText } from './rollout-report.js'
import { isAgreed, metaOf, WRITING_HELP, WRITING_OPTIONS } from './writing.js'

export const rolloutCommand: Command = {
  name: 'rollout',
  usage: 'report ID | pause ID | resume ID [--acknowledge] | ramp ID [--coverage PERCENT] [--weights N,N] [--enrol true|false]',
  summary: 'Says how a rollout does, and pauses, resumes or ramps it.',
  help: `  report ID         subjects, outcomes with intervals, the sample ratio, and what the guard finds; ends with 2 when it finds worse
  pause ID          gives everybody the label's own version
  resume ID         goes on; --acknowledge after the guard has paused it: the evidence begins anew
  ramp ID           --coverage 25: percent of subjects; --weights 1,3: of the arms, in their order;
                    --enrol false: a sticky rollout takes no new subjects and keeps those it has
${WRITING_HELP}

Workers are told over Redis where REDIS_URL is set, and by PostgreSQL itself.

Example: agent-config rollout ramp 3f2a91c0d4e5 --coverage 25`,
  run: runRollout,
}

const VERBS = ['report', 'pause', 'resume', 'ramp'] as const
type Verb = (typeof VERBS)[number]

const OPTIONS = {
  ...WRITING_OPTIONS,
  /** The earlier name of `--message`, which goes on working here. */
  summary: { type: 'string' },
  acknowledge: { type: 'boolean' },
  coverage: { type: 'string' },
  weights: { type: 'string' },
  enrol: { type: 'string' },
} as const

const WRITING = ['by', 'message', 'summary', 'yes'] as const

/** Options that one verb alone has. */
const OWN: Readonly<Record<Verb, readonly string[]>> = {
  report: [],
  pause: [...WRITING],
  resume: [...WRITING, 'acknowledge'],
  ramp: [...WRITING, 'coverage', 'weights', 'enrol'],
}
const COMMON = Object.keys(CONNECTION_OPTIONS)

/**
 * @returns the exit code: 0, and 2 for a report whose guard finds the candidate worse
 * @throws {UsageError} for a command line that cannot be carried out
 * @throws {ConfigError} what the manager throws
 */
async function runRollout(args: readonly string[], io: CliIo): Promise<number> {
  const { values, positionals } = parseCommandLine(args, OPTIONS)
  const [given, id, ...more] = positionals
  const verb = VERBS.find((known) => known === given)
  if (!verb) throw new UsageError(`rollout needs one of ${VERBS.join(', ')}, as in \`rollout report ID\``)
  if (id === undefined || more.length > 0) throw new UsageError(`rollout ${verb} takes one ID, as in \`rollout ${verb} 3f2a91c0d4e5\``)
  const foreign = Object.keys(values).find((name) => !COMMON.includes(name) && !OWN[verb].includes(name))
  if (foreign !== undefined) throw new UsageError(`--${foreign} is no option of rollout ${verb}`)
  const ramp = verb === 'ramp' ? rampOf(values) : {}
  const declared = await declaredKindsIn(io, values)
  return withManager(io, values, declared, async (manager) => {
    if (verb === 'report') return showReport(manager, id, values.json === true, io)
    if (!(await isAgreed(io, values, `${PLANS[verb]} rollout ${id}.`))) return 1
    const meta = metaOf(io, { by: values.by, message: values.message ?? values.summary })
    const { rollouts } = manager
    const change = {
      pause: () => rollouts.pause(id, meta),
      resume: () => rollouts.resume(id, { ...meta, ...(values.acknowledge && { acknowledge: true }) }),
      ramp: () => rollouts.ramp(id, { ...ramp, ...meta }),
    }[verb]
    const changed = await io.uninterrupted(change)
    io.stdout(values.json ? `${JSON.stringify(changed)}\n` : `${sentenceOf(changed)}\n`)
    return 0
  })
}

const PLANS = { pause: 'Pauses', resume: 'Resumes', ramp: 'Ramps' } as const

async function showReport(manager: ConfigurationManager, id: string, isJson: boolean, io: CliIo): Promise<number> {
  const [report, rollout] = await Promise.all([manager.rollouts.report(id), manager.rollouts.find(id)])
  io.stdout(isJson ? `${JSON.stringify(report)}\n` : reportText(report, rollout as Rollout))
  return report.guard.some(({ verdict }) => verdict === 'worse') ? WORSE : 0
}

/** The exit code of a report whose guard finds the candidate worse: a deployment script can stop on it. */
const WORSE = 2

function rampOf({ coverage, weights, enrol }: { coverage?: string; weights?: string; enrol?: string }) {
  if (coverage === undefined && weights === undefined && enrol === undefined)
    throw new UsageError('rollout ramp needs --coverage, --weights or --enrol')
  return {
    ...(coverage !== undefined && { coverage: numberOf('--coverage', coverage) }),
    ...(weights !== undefined && { weights: weights.split(',').map((weight) => numberOf('--weights', weight)) }),
    ...(enrol !== undefined && { enrol: yesOrNo(enrol) }),
  }
}

function numberOf(option: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text.trim())) return Number(text)
  throw new UsageError(`${option} must be made of numbers, such as ${option === '--weights' ? '1,3' : '25'}`)
}

function yesOrNo(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new UsageError('--enrol must be true or false')
}

function sentenceOf({ id, label, status, kind, name, coverage, arms, enrol, guard, revision }: Written<Rollout>): string {
  const split = arms.map(({ version, weight }) => `v${version} ${weight}`).join(' : ')
  const more = [enrol === false && 'takes no new subjects', guard && guard.acknowledged > 0 && `alpha spent ${guard.alphaSpent}`]
  return [
    `${kind} "${name}" on ${label}: rollout ${id} is ${status}, ${coverage} % of subjects, ${split}`,
    ...more.filter(Boolean),
    `revision ${revision}`,
  ].join(', ')
}
