import { useRef } from 'preact/hooks'
import { signIn, signInRequest, token } from '../api/session.js'
import { Dialog } from './dialog.js'

/** Asks for the token where one is missing; whatever was under way goes on afterwards. */
export function SignIn() {
  const request = signInRequest.value
  const input = useRef<HTMLInputElement>(null)
  if (!request) return undefined
  const cancel = (): void => request.done(false)
  return (
    <Dialog label="Sign in" onClose={cancel}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          signIn(input.current!.value.trim())
        }}
      >
        <h2>Sign in</h2>
        <p>
          {token.value !== undefined && 'The host does not take the token of this tab. '}
          Give a token of this host; it stays in this tab until you close it. Nothing you typed is lost.
        </p>
        <label class="field">
          <span>Token</span>
          <input ref={input} type="password" autocomplete="off" required />
        </label>
        <div class="actions">
          <button type="submit" class="primary">
            Sign in
          </button>
          <button type="button" onClick={() => signIn('')} title="After signing in to the host itself, in another tab">
            Try again without
          </button>
          <button type="button" class="quiet" onClick={cancel}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  )
}
