import { useEffect, useState } from 'preact/hooks'
import { dismiss, say, sayProblem, type Toast, toasts } from '../state/toasts.js'
import { Icon } from './small.js'

const SHOWN_MS = 12_000

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map((toast) => (
        <ToastLine key={toast.id} toast={toast} />
      ))}
    </div>
  )
}

function ToastLine({ toast: { id, text, undo, isProblem } }: { readonly toast: Toast }) {
  const [isHeld, hold] = useState(isProblem)
  useEffect(() => {
    if (isHeld) return
    const timer = setTimeout(() => dismiss(id), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [isHeld, id])
  const takeBack = (): void => {
    dismiss(id)
    undo?.().then(() => say('Undone.'), sayProblem)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: holding still under the pointer is a courtesy, not a control
    <div
      class={isProblem ? 'toast bad' : 'toast'}
      onMouseEnter={() => hold(true)}
      onMouseLeave={() => hold(isProblem)}
      onFocusCapture={() => hold(true)}
      onBlurCapture={() => hold(isProblem)}
    >
      <p>{text}</p>
      {undo && (
        <button type="button" class="undo" onClick={takeBack}>
          Undo
        </button>
      )}
      <button type="button" class="close" aria-label="Close" onClick={() => dismiss(id)}>
        <Icon name="close" />
      </button>
    </div>
  )
}
