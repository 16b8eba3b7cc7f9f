import type { ControlProps } from './control-props.js'
import { GrowingText } from './growing-text.js'

const STARTS: Readonly<Record<string, string>> = { boolean: 'false', text: '""', number: '0', JSON: '{}' }

/** A flag's value: yes or no, text, a number, or a JSON object. The text of the field is its JSON. */
export function FlagControl({ id, value, isInvalid, describedBy, onChange }: ControlProps) {
  const type = typeOf(value)
  const common = { 'aria-invalid': isInvalid, 'aria-describedby': describedBy }
  return (
    <div class="row">
      <select id={id} value={type} {...common} class="narrow" onChange={(event) => onChange(STARTS[event.currentTarget.value]!)}>
        {Object.keys(STARTS).map((one) => (
          <option key={one} value={one}>
            {one === 'boolean' ? 'On or off' : one}
          </option>
        ))}
      </select>
      {type === 'boolean' && (
        <fieldset class="switch">
          <legend class="unseen">Value</legend>
          {['true', 'false'].map((one) => (
            <button key={one} type="button" aria-pressed={value.trim() === one} onClick={() => onChange(one)}>
              {one === 'true' ? 'On' : 'Off'}
            </button>
          ))}
        </fieldset>
      )}
      {type === 'text' && (
        <input
          class="grow"
          aria-label="Text"
          value={JSON.parse(value)}
          {...common}
          onInput={(event) => onChange(JSON.stringify(event.currentTarget.value))}
        />
      )}
      {type === 'number' && (
        <input aria-label="Number" value={value} inputMode="decimal" {...common} onInput={(event) => onChange(event.currentTarget.value)} />
      )}
      {type === 'JSON' && <GrowingText isCode aria-label="JSON" value={value} {...common} onChange={onChange} />}
    </div>
  )
}

/** Which control fits what stands there. Whatever is half typed stays with the control it is typed in. */
function typeOf(text: string): string {
  const start = text.trim()
  if (start === 'true' || start === 'false') return 'boolean'
  if (start.startsWith('"')) return isJson(start) ? 'text' : 'JSON'
  if (start.startsWith('{') || start.startsWith('[')) return 'JSON'
  return 'number'
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
