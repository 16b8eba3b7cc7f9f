import { useId, useState } from 'preact/hooks'
import { type Control, controlsOf } from '../api/json-schema.js'
import type { Kind } from '../api/kinds.js'
import type { ControlProps } from './control-props.js'
import { GrowingText } from './growing-text.js'

type Content = Readonly<Record<string, unknown>>

/** The content of a declared kind: a form where its schema describes one, and its JSON always. */
export function ContentControl({ kind, ...props }: ControlProps & { readonly kind: Kind }) {
  const controls = controlsOf(kind.schema)
  const content = objectOf(props.value)
  const [isJson, edit] = useState(controls.length === 0 || content === undefined)
  const { value, isInvalid, describedBy, id, onChange } = props
  return (
    <>
      {controls.length > 0 && (
        <fieldset class="switch">
          <legend class="unseen">Edit as</legend>
          <button type="button" aria-pressed={!isJson} disabled={content === undefined} onClick={() => edit(false)}>
            Form
          </button>
          <button type="button" aria-pressed={isJson} onClick={() => edit(true)}>
            JSON
          </button>
        </fieldset>
      )}
      {isJson || !content ? (
        <GrowingText id={id} isCode value={value} aria-invalid={isInvalid} aria-describedby={describedBy} onChange={onChange} />
      ) : (
        <fieldset class="form" id={id}>
          <legend class="unseen">Content</legend>
          {controls.map((control) => (
            <Property key={control.name} control={control} content={content} onChange={(next) => onChange(JSON.stringify(next, null, 2))} />
          ))}
        </fieldset>
      )}
    </>
  )
}

/** One property. What is emptied is taken out; properties that the schema does not name stay as they are. */
function Property({
  control,
  content,
  onChange,
}: {
  readonly control: Control
  readonly content: Content
  readonly onChange: (content: Content) => void
}) {
  const id = useId()
  const { name, label, hint, type, options = [], isRequired, minimum, maximum } = control
  const value = Object.hasOwn(content, name) ? content[name] : undefined
  const [text, type_] = useState(value === undefined ? '' : JSON.stringify(value, null, 2))
  const [problem, fail] = useState(false)
  const set = (next: unknown): void => {
    const { [name]: _, ...rest } = content
    onChange(next === undefined ? rest : { ...rest, [name]: next })
  }
  const note = hint === undefined ? undefined : `${id}-note`
  const common = { id, 'aria-describedby': note, required: isRequired }
  const shown = typeof value === 'string' || typeof value === 'number' ? value : ''
  return (
    <div class="field">
      <label for={id}>
        {label}
        {isRequired || <small> optional</small>}
      </label>
      {type === 'choice' ? (
        <select {...common} value={String(shown)} onChange={(event) => set(event.currentTarget.value || undefined)}>
          <option value="">not set</option>
          {options.map((option) => (
            <option key={option} value={option}>
              {option}
            </option>
          ))}
        </select>
      ) : type === 'yes-no' ? (
        <select
          {...common}
          value={value === undefined ? '' : String(value)}
          onChange={(event) => set(event.currentTarget.value === '' ? undefined : event.currentTarget.value === 'true')}
        >
          <option value="">not set</option>
          <option value="true">yes</option>
          <option value="false">no</option>
        </select>
      ) : type === 'integer' || type === 'number' ? (
        <input
          {...common}
          type="number"
          step={type === 'integer' ? 1 : 'any'}
          min={minimum}
          max={maximum}
          value={shown}
          onInput={(event) => set(event.currentTarget.value === '' ? undefined : event.currentTarget.valueAsNumber)}
        />
      ) : type === 'text' ? (
        <GrowingText
          id={id}
          aria-describedby={note}
          value={String(shown)}
          onChange={(next) => set(next === '' && !isRequired ? undefined : next)}
        />
      ) : (
        <GrowingText
          id={id}
          isCode
          aria-describedby={note}
          aria-invalid={problem}
          value={text}
          onChange={(next) => {
            type_(next)
            const parsed = parse(next)
            fail(!parsed)
            if (parsed) set(parsed.value)
          }}
        />
      )}
      {note && <small id={note}>{hint}</small>}
    </div>
  )
}

function parse(text: string): { readonly value: unknown } | undefined {
  if (text.trim() === '') return { value: undefined }
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function objectOf(text: string): Content | undefined {
  const value = parse(text)?.value
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Content) : undefined
}
