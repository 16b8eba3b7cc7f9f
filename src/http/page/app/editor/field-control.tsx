import { useId } from 'preact/hooks'
import type { Field, Kind } from '../api/kinds.js'
import { ContentControl } from './content-control.js'
import type { ControlProps } from './control-props.js'
import type { Fields } from './fields.js'
import { FlagControl } from './flag-control.js'
import { GrowingText } from './growing-text.js'
import { TemplateControl } from './template-control.js'

/** One field of the form, with its hint and what is wrong with it. */
export function FieldControl({
  kind,
  field,
  fields,
  problem,
  onChange,
}: {
  readonly kind: Kind
  readonly field: Field
  readonly fields: Fields
  readonly problem: string | undefined
  readonly onChange: (value: Fields[string]) => void
}) {
  const id = useId()
  const value = fields[field.name] ?? ''
  if (field.type === 'template')
    return <TemplateControl value={value} format={String(fields.template_format ?? '')} onChange={onChange} problem={problem} />
  const props: ControlProps = {
    id,
    value: String(value),
    isInvalid: problem !== undefined,
    describedBy: problem !== undefined || field.hint ? `${id}-note` : undefined,
    onChange,
  }
  return (
    <div class="field">
      <label for={id}>{field.label}</label>
      <Control kind={kind} field={field} {...props} />
      {(problem !== undefined || field.hint) && (
        <small id={`${id}-note`} class={problem === undefined ? undefined : 'problem'}>
          {problem ?? field.hint}
        </small>
      )}
    </div>
  )
}

function Control({ kind, field, ...props }: ControlProps & { readonly kind: Kind; readonly field: Field }) {
  const { id, value, isInvalid, describedBy, onChange } = props
  const common = { id, value, 'aria-invalid': isInvalid, 'aria-describedby': describedBy }
  if (field.type === 'content') return <ContentControl {...props} kind={kind} />
  if (field.type === 'value') return <FlagControl {...props} />
  if (field.type === 'choice') {
    return (
      <select {...common} onChange={(event) => onChange(event.currentTarget.value)}>
        {(field.options ?? []).map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    )
  }
  if (field.type === 'json' || field.type === 'long') return <GrowingText {...common} isCode={field.type === 'json'} onChange={onChange} />
  const isNumber = field.type === 'integer' || field.type === 'number'
  return (
    <input
      {...common}
      inputMode={isNumber ? 'numeric' : undefined}
      required={field.isRequired}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  )
}
