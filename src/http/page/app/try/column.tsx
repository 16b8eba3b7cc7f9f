import type { Version } from '../api/wire.js'
import type { Target } from '../api/writes.js'
import type { Fields } from '../editor/fields.js'
import { TemplateControl } from '../editor/template-control.js'
import { Label } from '../parts/small.js'
import { hrefOf } from '../state/address.js'
import { draftKey, readDraft, writeDraft } from '../state/drafts.js'
import { problemText } from '../state/toasts.js'
import { compareTexts } from '../text/diff.js'
import { count, counted } from '../text/words.js'
import type { Rendered, Side } from './side.js'
import type { Loading, Running } from './use-side.js'

/** One of the two versions: rendered, with what the other one has not marked in place, and the model's answer. */
export function Column({
  target,
  side,
  rendered,
  beside,
  answer,
  place,
  options,
  onChoose,
  onEdit,
}: {
  readonly target: Target
  readonly side: Side
  readonly rendered: Loading
  /** What the other side renders to. */
  readonly beside: Loading
  readonly answer: Running
  readonly place: number
  readonly options: readonly { readonly value: string; readonly text: string }[]
  readonly onChoose: (choice: string) => void
  readonly onEdit: (version: Version) => void
}) {
  const { kind, name, project } = target
  const messages = messagesOf(rendered.value)
  const otherMessages = messagesOf(beside.value)
  const problems = rendered.value?.problems ?? []
  return (
    <article class="side" aria-label={place === 0 ? 'First version' : 'Second version'}>
      <header>
        <h2 class="unseen">{place === 0 ? 'First version' : 'Second version'}</h2>
        <select
          aria-label={place === 0 ? 'First version' : 'Second version'}
          value={side.choice}
          onChange={(event) => onChoose(event.currentTarget.value)}
        >
          {options.map(({ value, text }) => (
            <option key={value} value={value}>
              {value === side.choice && value !== 'draft' ? `v${value}` : text}
            </option>
          ))}
        </select>
        {(side.draft ? [] : (side.version.labels ?? [])).map((label) => (
          <Label key={label} name={label} />
        ))}
        {messages.length > 0 && <small>rendered, {counted(messages.length, 'message')}</small>}
      </header>
      {side.draft && <DraftText target={target} />}
      {messages.map((message, at) => (
        <div class="message" key={at}>
          {message.role && <h3>{message.role}</h3>}
          <Marked text={message.content} beside={otherMessages[at]?.content} isNew={place === 1} />
        </div>
      ))}
      {problems.map(({ message, detail }) => (
        <p class="problem" key={detail}>
          {typeof message === 'number' && `Message ${message + 1}: `}
          {detail}
        </p>
      ))}
      {rendered.error !== undefined && <p class="problem">{problemText(rendered.error)}</p>}
      <AnswerView answer={answer} />
      <footer>
        {side.draft ? (
          <a class="button small primary" href={hrefOf([kind.plural, name, 'edit'], { project })}>
            Save as new version…
          </a>
        ) : (
          <button type="button" class="small quiet" onClick={() => onEdit(side.version)}>
            Edit as draft
          </button>
        )}
      </footer>
    </article>
  )
}

/** The draft's text, edited here or on its page: it is the same draft. */
function DraftText({ target: { kind, name, project } }: { readonly target: Target }) {
  const key = draftKey(kind.kind, project, name)
  const draft = readDraft(key)
  if (!draft) return undefined
  const fields = draft.fields as Fields
  return (
    <div class="message">
      <TemplateControl
        value={fields.template ?? ''}
        format={String(fields.template_format ?? '')}
        problem={undefined}
        onChange={(template) => writeDraft(key, { ...draft, fields: { ...fields, template }, at: Date.now() })}
      />
    </div>
  )
}

function AnswerView({ answer }: { readonly answer: Running }) {
  if (answer.state === 'idle') return undefined
  if (answer.state === 'running') {
    return (
      <p class="answer quiet" role="status">
        Asking the model
      </p>
    )
  }
  if (!answer.value) {
    return (
      <p class="answer problem" role="alert">
        {problemText(answer.error)}
      </p>
    )
  }
  const { text, usage, ms, provider, model } = answer.value
  return (
    <>
      <div class="answer prose">{text}</div>
      <p class="figures">
        <span>{(ms / 1000).toFixed(1)} s</span>
        {usage?.input_tokens !== undefined && (
          <span>
            {count(usage.input_tokens)} → {count(usage.output_tokens ?? 0)} tokens
          </span>
        )}
        {model && <span>{[provider, model].filter(Boolean).join(':')}</span>}
      </p>
    </>
  )
}

/** A text with what the other one has not. */
function Marked({ text, beside, isNew }: { readonly text: string; readonly beside: string | undefined; readonly isNew: boolean }) {
  if (beside === undefined || beside === text) return <div class="prose">{text}</div>
  const lines = compareTexts(isNew ? beside : text, isNew ? text : beside)
  const wanted = isNew ? 'added' : 'removed'
  const shown = lines.filter(({ pieces }) => pieces.length === 0 || pieces.some(({ type }) => type === 'same' || type === wanted))
  return (
    <div class="prose">
      {shown.map(({ pieces }, line) => (
        <div key={line}>
          {pieces.map(({ type, text: piece }, at) =>
            type === 'same' ? piece : type !== wanted ? undefined : isNew ? <ins key={at}>{piece}</ins> : <del key={at}>{piece}</del>,
          )}
        </div>
      ))}
    </div>
  )
}

function messagesOf(rendered: Rendered | undefined): readonly { readonly role: string; readonly content: string }[] {
  if (rendered?.messages) return rendered.messages
  return rendered?.text === undefined ? [] : [{ role: '', content: rendered.text }]
}
