import { useState } from 'preact/hooks'

export function CopyButton({ text }: { readonly text: string }) {
  const [isDone, done] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard?.writeText(text)
    done(true)
    setTimeout(() => done(false), 2_000)
  }
  return (
    <button type="button" class="small" onClick={() => void copy()}>
      {isDone ? 'Copied' : 'Copy'}
    </button>
  )
}
