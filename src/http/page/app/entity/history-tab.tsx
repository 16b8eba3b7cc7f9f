import { useState } from 'preact/hooks'
import { ChangeList } from '../parts/change-list.js'
import { Failure } from '../parts/failure.js'
import { Loading } from '../parts/small.js'
import type { Context } from './context.js'
import { useChanges } from './data.js'

const STEP = 100

/** Every change of this name, newest first. */
export function HistoryTab({ context: { target } }: { readonly context: Context }) {
  const [limit, load] = useState(STEP)
  const { value, error, reload } = useChanges(target, limit)
  if (!value) return error ? <Failure error={error} retry={reload} what="The history" /> : <Loading />
  return <ChangeList changes={value.items} isAlone more={value.cursor && limit < 1000 ? () => load(limit + STEP) : undefined} />
}
