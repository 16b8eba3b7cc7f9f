import { ApiError } from '../api/call.js'
import { askToSignIn } from '../api/session.js'
import { problemText } from '../state/toasts.js'
import { Empty } from './small.js'

/** A page that could not be loaded: what failed, and the way on. */
export function Failure({ error, retry, what }: { readonly error: unknown; readonly retry: () => void; readonly what: string }) {
  const isSignedOut = error instanceof ApiError && error.status === 401
  const title = error instanceof ApiError ? error.title : 'Something went wrong'
  return (
    <div role="alert">
      <Empty title={title} level={1}>
        <p>
          {what} could not be loaded. {problemText(error)}
        </p>
        <button type="button" class="primary" onClick={isSignedOut ? () => void askToSignIn().then((done) => done && retry()) : retry}>
          {isSignedOut ? 'Sign in' : 'Try again'}
        </button>
      </Empty>
    </div>
  )
}
