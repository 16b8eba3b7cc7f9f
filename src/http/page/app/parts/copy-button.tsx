import { useState } from 'preact/hooks'
import { say } from '../state/toasts.js'

export function CopyButton({ text }: { readonly text: string }) {
  const [isDone, done] = useState(false)
  const copy = async (): Promise<void> => {
    // Browsers have no clipboard over plain HTTP, and may refuse it elsewhere.
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      return say('The browser does not let this page copy. Select the text and copy it.')
    }
    done(true)
    setTimeout(() => done(false), 2_000)
  }
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      {isDone ? 'Copied' : 'Copy'}
    </button>
  )
}
