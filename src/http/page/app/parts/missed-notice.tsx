import { missed } from '../live/follow.js'
import { hrefOf } from '../state/address.js'
import { counted } from '../text/words.js'
import { Notice } from './small.js'

/** After the connection was away: what was changed meanwhile. What is shown has been loaded again already. */
export function MissedNotice() {
  const changes = missed.value
  if (changes.length === 0) return undefined
  const names = [...new Set(changes.map(({ config_name }) => config_name))]
  const close = (): void => {
    missed.value = []
  }
  return (
    <Notice>
      <p>
        While not connected: {counted(changes.length, 'change')} of {names.slice(0, 3).join(', ')}
        {names.length > 3 && ` and ${names.length - 3} more`}.
      </p>
      <a class="button small" href={hrefOf(['changelog'])} onClick={close}>
        Show
      </a>
      <button type="button" class="small quiet" onClick={close}>
        Close
      </button>
    </Notice>
  )
}
