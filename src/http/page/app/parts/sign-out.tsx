import { isLeaving, signOut } from '../api/session.js'
import { Dialog } from './dialog.js'

/** Asks before signing out throws drafts away. */
export function SignOut() {
  if (!isLeaving.value) return undefined
  const stay = (): void => {
    isLeaving.value = false
  }
  return (
    <Dialog label="Sign out" onClose={stay}>
      <h2>Sign out</h2>
      <p>This tab has drafts that are not saved. Signing out throws them away.</p>
      <div class="actions">
        <button type="button" class="primary" onClick={stay}>
          Stay
        </button>
        <button type="button" class="danger" onClick={signOut}>
          Sign out and discard
        </button>
      </div>
    </Dialog>
  )
}
