import { useEffect, useState } from 'preact/hooks'
import { can } from '../api/abilities.js'
import { ApiError, post } from '../api/call.js'
import { problemText } from '../state/toasts.js'
import { type EditedMessage, type Fields, sentMessage } from './fields.js'
import { GrowingText } from './growing-text.js'
import { MessageEditor } from './message-editor.js'

const PAUSE_MS = 350

/** A text, or the messages of a chat; checked while it is typed. */
export function TemplateControl({
  value,
  format,
  problem,
  onChange,
}: {
  readonly value: Fields[string]
  readonly format: string
  readonly problem: string | undefined
  readonly onChange: (value: Fields[string]) => void
}) {
  const finding = useCheck(value, format)
  const isChat = typeof value !== 'string'
  const toChat = (): void => onChange([{ id: 0, role: 'system', content: typeof value === 'string' ? value : '' }])
  const toText = (): void => onChange(isChat ? joined(value) : value)
  return (
    <fieldset class="template">
      <legend>Template</legend>
      <fieldset class="switch">
        <legend class="unseen">Type</legend>
        <button type="button" aria-pressed={!isChat} onClick={() => isChat && toText()}>
          Text
        </button>
        <button type="button" aria-pressed={isChat} onClick={() => isChat || toChat()}>
          Messages
        </button>
      </fieldset>
      {isChat ? (
        <MessageEditor messages={value} onChange={onChange} />
      ) : (
        <GrowingText value={value} aria-label="Template" aria-invalid={problem !== undefined} onChange={onChange} />
      )}
      <p class={finding?.isProblem || problem ? 'problem' : 'hint'} role="status">
        {problem ?? finding?.text}
      </p>
    </fieldset>
  )
}

/** Going back to text keeps every word. */
function joined(messages: readonly EditedMessage[]): string {
  return messages.map((message) => ('role' in message ? message.content : `{${message.placeholder}}`)).join('\n\n')
}

interface Finding {
  readonly text: string
  readonly isProblem: boolean
}

/** Asks the API what the template needs, or where it does not parse. Nothing is written. */
function useCheck(value: Fields[string], format: string): Finding | undefined {
  const [finding, find] = useState<Finding | undefined>()
  useEffect(() => {
    // A placeholder that was just added has no name yet, which the API would refuse.
    const template =
      typeof value === 'string' ? value : value.filter((message) => 'role' in message || message.placeholder !== '').map(sentMessage)
    if (template.length === 0 || !can('POST', '/templates/check')) {
      find(undefined)
      return
    }
    const gone = new AbortController()
    const timer = setTimeout(async () => {
      try {
        const { variables } = await post<{ readonly variables: readonly string[] }>(
          '/templates/check',
          { template, ...(format && { template_format: format }) },
          {},
          gone.signal,
        )
        find({ text: variables.length === 0 ? 'No variables.' : `Variables: ${variables.join(', ')}`, isProblem: false })
      } catch (error) {
        if (gone.signal.aborted) return
        find(error instanceof ApiError && error.status === 422 ? { text: problemText(error), isProblem: true } : undefined)
      }
    }, PAUSE_MS)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  }, [value, format])
  return finding
}
