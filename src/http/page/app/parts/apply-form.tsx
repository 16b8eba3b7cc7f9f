import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { ApiError } from '../api/call.js'
import type { Note } from '../api/writes.js'
import { problemText } from '../state/toasts.js'

export interface ApplyFormProps {
  /** What will be different, in one sentence. */
  readonly sentence: ComponentChildren
  readonly hint?: ComponentChildren
  /** Fields of the change itself. */
  readonly children?: ComponentChildren
  readonly action?: string
  readonly isDangerous?: boolean | undefined
  readonly isReady?: boolean
  readonly takesFocus?: boolean
  readonly onCancel: () => void
  readonly run: (note: Note) => Promise<unknown>
}

/** A staged change: nothing is written before Apply. A refusal is shown here, so that nothing typed is lost. */
export function ApplyForm({
  sentence,
  hint,
  children,
  action = 'Apply',
  isDangerous = false,
  isReady = true,
  takesFocus = true,
  onCancel,
  run,
}: ApplyFormProps) {
  const [summary, why] = useState('')
  const [problem, fail] = useState<unknown>()
  const [isBusy, work] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  useLayoutEffect(() => {
    const own = form.current
    if (!takesFocus || !own) return
    const opener = document.activeElement
    own.querySelector<HTMLElement>('input, select, button')?.focus()
    return () => {
      // Back to the button that staged it, unless the user went on elsewhere meanwhile.
      if (opener instanceof HTMLElement && opener.isConnected && own.contains(document.activeElement)) opener.focus()
    }
  }, [])
  const isInUse = problem instanceof ApiError && (problem.code === 'E_IN_USE' || problem.code === 'E_TEMPLATE_VARIABLE')
  const apply = async (force?: boolean): Promise<void> => {
    work(true)
    try {
      await run({ summary, force })
    } catch (error) {
      fail(error)
    }
    work(false)
  }
  return (
    <form
      ref={form}
      class={isDangerous ? 'staged dangerous' : 'staged'}
      aria-label="Change to apply"
      onKeyDown={(event) => event.key === 'Escape' && onCancel()}
      onSubmit={(event) => {
        event.preventDefault()
        if (isReady && !isBusy) void apply()
      }}
    >
      <p class="sentence">{sentence}</p>
      {hint && <p class="hint">{hint}</p>}
      <div class="row">
        {children}
        <label class="field grow">
          <span>Why</span>
          <input value={summary} maxLength={1000} placeholder="For the changelog" onInput={(event) => why(event.currentTarget.value)} />
        </label>
      </div>
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problemText(problem)}
        </p>
      )}
      <div class="actions">
        <button type="submit" class={isDangerous ? 'danger' : 'primary'} disabled={!isReady || isBusy}>
          {action}
        </button>
        {isInUse && (
          <button type="button" class="danger" disabled={isBusy} onClick={() => void apply(true)}>
            {action} anyway
          </button>
        )}
        <button type="button" class="quiet" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  )
}
