import type { Field } from '../api/kinds.js'
import { Failure } from '../parts/failure.js'
import { Loading } from '../parts/small.js'
import { TemplateView } from '../parts/template-view.js'
import { plainValue } from '../text/plain.js'
import type { Context } from './context.js'
import { useContent } from './data.js'

/** What a version says, field by field. */
export function ContentTab({ context: { target, shown } }: { readonly context: Context }) {
  const { value, error, reload } = useContent(target, shown)
  if (!value) return error ? <Failure error={error} retry={reload} what={`Version ${shown.version}`} /> : <Loading />
  const told = target.kind.fields.filter(({ name, type }) => type !== 'template' && name !== 'template_format' && name !== 'description')
  const variables = Array.isArray(value.variables) ? (value.variables as readonly string[]) : []
  return (
    <>
      {'template' in value && <TemplateView template={value.template} format={value.template_format} />}
      <dl class="fields">
        {variables.length > 0 && (
          <div>
            <dt>Variables</dt>
            <dd>
              {variables.map((variable) => (
                <mark key={variable}>{variable}</mark>
              ))}
            </dd>
          </div>
        )}
        {told.map((field) => (
          <FieldValue key={field.name} field={field} value={value[field.name]} />
        ))}
      </dl>
    </>
  )
}

function FieldValue({ field, value }: { readonly field: Field; readonly value: unknown }) {
  const text = plainValue(field, value)
  if (text === '' || text === '{}' || text === '[]') return undefined
  const isCode = field.type === 'json' || field.type === 'content' || field.type === 'value'
  return (
    <div>
      <dt>{field.label}</dt>
      <dd>{isCode ? <pre>{text}</pre> : text}</dd>
    </div>
  )
}
