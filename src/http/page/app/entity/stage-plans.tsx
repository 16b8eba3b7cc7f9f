import type { ComponentChildren } from 'preact'
import { activate, canActivate, deactivate, type Note, promote, receiptText, removeLabel, rollBack } from '../api/writes.js'
import type { Staged } from '../state/staged.js'
import { say } from '../state/toasts.js'
import type { Context } from './context.js'
import { Move } from './move.js'

/** What a staged change will do, in one sentence, and how it is done and taken back. */
export interface Plan {
  readonly sentence: ComponentChildren
  readonly isDangerous?: boolean
  readonly run: (note: Note) => Promise<void>
}

type Plannable = Exclude<Staged, { readonly type: 'start' | 'promote' }>

export function planOf(context: Context, staged: Plannable): Plan {
  switch (staged.type) {
    case 'rollback':
      return rollbackPlan(context, staged.label, staged.version)
    case 'remove-label':
      return removalPlan(context, staged.label, staged.version)
    case 'activate':
      return activationPlan(context, staged.version)
    case 'deactivate':
      return deactivationPlan(context, staged.version)
  }
}

function rollbackPlan({ target, labels }: Context, label: string, version: number): Plan {
  const from = labels.get(label)
  return {
    sentence: <Move label={label} from={from} to={`v${version}`} />,
    run: async (note) => {
      const answer = await rollBack(target, label, note)
      const undo = from === undefined ? undefined : () => promote(target, from, label, answer.version)
      say(`${label} of ${target.name} rolled back: v${from} → v${answer.version}.${receiptText(answer)}`, undo)
    },
  }
}

function removalPlan({ target }: Context, label: string, version: number): Plan {
  return {
    sentence: (
      <>
        <b>{label}</b>: v{version} → none. Readers that ask for {label} find nothing.
      </>
    ),
    isDangerous: true,
    run: async (note) => {
      const answer = await removeLabel(target, label, note)
      const text = `${label} of ${target.name} removed from v${version}.${receiptText(answer)}`
      say(text, () => promote(target, version, label, undefined))
    },
  }
}

function activationPlan({ target }: Context, version: number | undefined): Plan {
  const what = version === undefined ? target.name : `v${version} of ${target.name}`
  return {
    sentence: <>{what} becomes active again.</>,
    run: async (note) => {
      const answer = await activate(target, version, note)
      say(`${what} is active.${receiptText(answer)}`, () => deactivate(target, version))
    },
  }
}

function deactivationPlan({ target, labels, versions }: Context, version: number | undefined): Plan {
  const what = version === undefined ? `the whole ${target.kind.noun} ${target.name}` : `v${version} of ${target.name}`
  const carried = version === undefined ? [...labels.keys()] : (versions.find((item) => item.version === version)?.labels ?? [])
  return {
    sentence: (
      <>
        Deactivate {what}: readers find {version === undefined ? 'no version of it' : 'it no more'}.
        {carried.length > 0 && ` It is ${carried.join(' and ')} now.`}
      </>
    ),
    isDangerous: true,
    run: async (note) => {
      const answer = await deactivate(target, version, note)
      say(`Deactivated ${what}.${receiptText(answer)}`, canActivate(target) ? () => activate(target, version) : undefined)
    },
  }
}
