import { signal } from '@preact/signals'
import { browserStorage, tabStorage } from '../state/storage.js'

const KEY = 'token'

// A link printed at start carries its token in the fragment; it leaves the address bar at once.
const [, linked] = /^#token=(.+)$/.exec(location.hash) ?? []
if (linked) {
  tabStorage.set(KEY, decodeURIComponent(linked))
  history.replaceState(null, '', location.pathname)
}

/** The bearer token of this tab; none where the host's own session signs requests in. */
export const token = signal(tabStorage.get(KEY))

/** Set while the sign-in dialog is open: what waits for it. */
export const signInRequest = signal<{ readonly done: (isSignedIn: boolean) => void } | undefined>(undefined)

let asking: Promise<boolean> | undefined

/** Opens the sign-in dialog, once for all callers; resolves with whether the user signed in. */
export function askToSignIn(): Promise<boolean> {
  asking ??= new Promise<boolean>((resolve) => {
    signInRequest.value = { done: resolve }
  }).finally(() => {
    asking = undefined
    signInRequest.value = undefined
  })
  return asking
}

export function signIn(value: string): void {
  if (value !== '') {
    tabStorage.set(KEY, value)
    token.value = value
  }
  signInRequest.value?.done(true)
}

/** Set while the user is asked whether to sign out although there are drafts. */
export const isLeaving = signal(false)

/** Signs out, and asks first when that would discard drafts. */
export function leave(): void {
  if (tabStorage.keys().some((key) => key.startsWith('draft:'))) isLeaving.value = true
  else signOut()
}

/** Forgets the token, the drafts and the playground's input: the next person at this browser finds nothing. */
export function signOut(): void {
  for (const key of tabStorage.keys()) tabStorage.remove(key)
  for (const key of browserStorage.keys()) if (key.startsWith('input:')) browserStorage.remove(key)
  location.reload()
}
