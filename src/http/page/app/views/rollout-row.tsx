import { takes } from '../api/abilities.js'
import { kindByName, PROMPTS } from '../api/kinds.js'
import { getPage } from '../api/pages.js'
import type { Rollout, Version } from '../api/wire.js'
import { useLoaded } from '../live/use-loaded.js'
import { RolloutCard } from '../parts/rollout-card.js'

/** A rollout in the list of all of them: which version its label is on has to be asked for. */
export function RolloutRow({ rollout }: { readonly rollout: Rollout }) {
  const { kind: kindName, name, project, label, status } = rollout
  const kind = kindByName(kindName) ?? PROMPTS
  const path = `/${kind.plural}`
  const load = async (signal: AbortSignal): Promise<number | undefined> => {
    if (status === 'concluded') return undefined
    const wanted = takes('GET', path, 'name') ? { name } : { search: name }
    const { items } = await getPage<Version>(path, { ...wanted, project, label, limit: 100 }, { signal, asks: false })
    return items.find((item) => item.name === name)?.version
  }
  const own = useLoaded(`own:${rollout.id}:${status}`, load, (event) => event.kind === kindName && event.name === name)
  return <RolloutCard rollout={rollout} own={own.value} target={{ kind, name, project }} isAlone={false} />
}
