import { useRef, useState } from 'preact/hooks'
import { ROLES, type Role } from '../api/wire.js'
import { Icon } from '../parts/small.js'
import type { EditedMessage } from './fields.js'
import { GrowingText } from './growing-text.js'

/** The messages of a chat prompt: write, move, choose the role, add, remove and take that back. */
export function MessageEditor({
  messages,
  onChange,
}: {
  readonly messages: readonly EditedMessage[]
  readonly onChange: (messages: readonly EditedMessage[]) => void
}) {
  const [removed, remember] = useState<{ readonly message: EditedMessage; readonly place: number } | undefined>()
  const list = useRef<HTMLOListElement>(null)
  const nextId = Math.max(-1, removed?.message.id ?? -1, ...messages.map(({ id }) => id)) + 1
  const set = (place: number, message: EditedMessage): void => onChange(messages.with(place, message))
  const move = (place: number, by: number): void => {
    const message = messages[place]!
    onChange(messages.toSpliced(place, 1).toSpliced(place + by, 0, message))
    focusSoon(message.id, by < 0 ? 'up' : 'down')
  }
  const remove = (place: number): void => {
    remember({ message: messages[place]!, place })
    onChange(messages.toSpliced(place, 1))
  }
  const add = (message: EditedMessage): void => {
    onChange([...messages, message])
    focusSoon(message.id, 'text')
  }
  /** The button or field of a message, when it has been drawn at its new place. */
  const focusSoon = (id: number, part: string): void => {
    requestAnimationFrame(() => {
      const item = list.current?.querySelector(`[data-id="${id}"]`)
      const wanted = item?.querySelector<HTMLElement>(part === 'text' ? 'textarea, input' : `[data-move=${part}]:enabled`)
      ;(wanted ?? item?.querySelector<HTMLElement>('[data-move]:enabled'))?.focus()
    })
  }
  const lastRole = messages.findLast((message) => 'role' in message)
  const nextRole: Role =
    lastRole && 'role' in lastRole && lastRole.role === 'user' ? 'assistant' : messages.length === 0 ? 'system' : 'user'
  return (
    <>
      <ol class="edited-messages" ref={list}>
        {messages.map((message, place) => (
          <li key={message.id} data-id={message.id} class={'role' in message ? undefined : 'placeholder'}>
            <div class="bar">
              {'role' in message ? (
                <select
                  aria-label={`Role of message ${place + 1}`}
                  value={message.role}
                  onChange={(event) => set(place, { ...message, role: event.currentTarget.value as Role })}
                >
                  {ROLES.map((role) => (
                    <option key={role} value={role}>
                      {role}
                    </option>
                  ))}
                </select>
              ) : (
                <b>placeholder</b>
              )}
              <div class="actions">
                <button
                  type="button"
                  class="small square quiet"
                  data-move="up"
                  aria-label={`Move message ${place + 1} up`}
                  disabled={place === 0}
                  onClick={() => move(place, -1)}
                >
                  <Icon name="up" />
                </button>
                <button
                  type="button"
                  class="small square quiet"
                  data-move="down"
                  aria-label={`Move message ${place + 1} down`}
                  disabled={place === messages.length - 1}
                  onClick={() => move(place, 1)}
                >
                  <Icon name="down" />
                </button>
                <button type="button" class="small square quiet" aria-label={`Remove message ${place + 1}`} onClick={() => remove(place)}>
                  <Icon name="close" />
                </button>
              </div>
            </div>
            {'role' in message ? (
              <GrowingText
                rows={1}
                value={message.content}
                aria-label={`Message ${place + 1}`}
                onChange={(content) => set(place, { ...message, content })}
              />
            ) : (
              <div class="row">
                <input
                  aria-label={`Placeholder ${place + 1}`}
                  value={message.placeholder}
                  placeholder="history"
                  onInput={(event) => set(place, { ...message, placeholder: event.currentTarget.value })}
                />
                <label class="check">
                  <input
                    type="checkbox"
                    checked={message.optional}
                    onChange={(event) => set(place, { ...message, optional: event.currentTarget.checked })}
                  />
                  <span>optional</span>
                </label>
              </div>
            )}
          </li>
        ))}
      </ol>
      <div class="actions">
        <button type="button" class="small" onClick={() => add({ id: nextId, role: nextRole, content: '' })}>
          Add message
        </button>
        <button type="button" class="small" onClick={() => add({ id: nextId, placeholder: '', optional: true })}>
          Add placeholder
        </button>
        {removed && (
          <button
            type="button"
            class="small quiet"
            onClick={() => {
              onChange(messages.toSpliced(removed.place, 0, removed.message))
              remember(undefined)
            }}
          >
            Undo remove
          </button>
        )}
      </div>
    </>
  )
}
