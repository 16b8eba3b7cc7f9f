import type { JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { can } from '../api/abilities.js'
import type { Version } from '../api/wire.js'
import type { Target } from '../api/writes.js'
import { GrowingText } from '../editor/growing-text.js'
import { keyOf } from '../entity/data.js'
import { useLoaded } from '../live/use-loaded.js'
import { Loading } from '../parts/small.js'
import { keepInput, readInput, type Variable, valuesOf, variablesOf } from './inputs.js'
import { loadModels, type Side } from './side.js'
import { type Loading as Rendering, type Running, useAnswer, useRendered } from './use-side.js'

type ColumnOf = (side: Side, rendered: Rendering, beside: Rendering, answer: Running, place: number) => JSX.Element

/** The input at the left, and the two columns it goes into. */
export function Bench({
  target,
  sides: [left, right],
  column,
}: {
  readonly target: Target
  readonly sides: readonly [Side | undefined, Side | undefined]
  readonly column: ColumnOf
}) {
  const about = keyOf(target)
  const [texts, type] = useState(() => readInput(about))
  const [model, chooseModel] = useState('')
  const [runs, run] = useState(0)
  const models = useLoaded(
    `models:${target.project}`,
    (signal) => loadModels(target.project, signal),
    ({ kind }) => kind === 'model',
  )
  const known = useRef<readonly Variable[]>([])
  // What both need; kept while one of them is being loaded, so that no field disappears while the user types.
  if (left && right) known.current = variablesOf([shownOf(left), shownOf(right)])
  const variables = known.current
  const values = useMemo(() => valuesOf(variables, texts), [JSON.stringify(variables), texts])
  useEffect(() => keepInput(about, texts), [texts])
  const first = useRendered(target, left, values)
  const second = useRendered(target, right, values)
  // Here, and not in the columns: those go while a version is loaded, and would ask the model again when they are back.
  const firstAnswer = useAnswer(target, left, values, model, runs)
  const secondAnswer = useAnswer(target, right, values, model, runs)
  const set = (name: string, text: string): void => type((before) => ({ ...before, [name]: text }))
  const canRun = can('POST', '/playground/run')
  return (
    <div class="bench">
      <form
        class="form inputs"
        aria-label="Input"
        onSubmit={(event) => {
          event.preventDefault()
          run(runs + 1)
        }}
      >
        {variables.map((variable) => (
          <div class="field" key={variable.name}>
            <label for={`input-${variable.name}`}>
              {variable.name}
              {variable.isOptional && <small> optional</small>}
            </label>
            <GrowingText
              rows={1}
              id={`input-${variable.name}`}
              isCode={variable.type === 'messages'}
              aria-describedby={variable.type === 'messages' ? `hint-${variable.name}` : undefined}
              value={texts[variable.name] ?? ''}
              onChange={(text) => set(variable.name, text)}
            />
            {variable.type === 'messages' && (
              <small id={`hint-${variable.name}`}>{'Messages as JSON: [{ "role": "user", "content": "…" }]'}</small>
            )}
          </div>
        ))}
        {variables.length === 0 && <p class="hint">These versions take no variables.</p>}
        {canRun && (
          <label class="field">
            <span>Model</span>
            <select value={model} onChange={(event) => chooseModel(event.currentTarget.value)}>
              <option value="">As the prompt says</option>
              {(models.value ?? []).map((one) => (
                <option key={one.name} value={one.model}>
                  {one.name} ({one.model})
                </option>
              ))}
            </select>
          </label>
        )}
        <div class="actions">
          {canRun && (
            <button type="submit" class="primary">
              Run both
            </button>
          )}
          {Object.values(texts).some((text) => text !== '') && (
            <button type="button" class="quiet" onClick={() => type({})}>
              Clear
            </button>
          )}
        </div>
        {!canRun && <p class="hint">This host has no model to ask: the prompts are rendered only.</p>}
      </form>
      <div class="sides">
        {left && right ? (
          <>
            {column(left, first, second, firstAnswer, 0)}
            {column(right, second, first, secondAnswer, 1)}
          </>
        ) : (
          <Loading />
        )}
      </div>
    </div>
  )
}

function shownOf({ version, draft }: Side): Version {
  return draft ? { ...version, ...draft, variables: variableNames(draft) } : version
}

/** The variables of a draft, as they are written; the preview says what is really missing. */
function variableNames({ template, template_format }: NonNullable<Side['draft']>): readonly string[] {
  if (template_format !== 'f-string') return []
  const texts = typeof template === 'string' ? [template] : Array.isArray(template) ? template.map(({ content = '' }) => content) : []
  const names = texts.flatMap((text: string) => [...text.replaceAll(/\{\{|\}\}/g, '').matchAll(/\{(\w+)\}/g)].map(([, one]) => one!))
  return [...new Set(names)]
}
