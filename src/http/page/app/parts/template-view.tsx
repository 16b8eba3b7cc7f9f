import type { Message } from '../api/wire.js'
import { piecesOf } from '../text/variables.js'

/** A prompt as it reads: messages look like messages, variables are marked, a placeholder is dashed. */
export function TemplateView({ template, format }: { readonly template: unknown; readonly format: unknown }) {
  if (!Array.isArray(template)) {
    return (
      <div class="messages">
        <article class="alone">
          <TemplateText text={String(template ?? '')} format={format} />
        </article>
      </div>
    )
  }
  return (
    <div class="messages">
      {(template as readonly Message[]).map((message, place) =>
        'role' in message ? (
          <article key={place}>
            <h3>{message.role}</h3>
            <TemplateText text={message.content} format={format} />
          </article>
        ) : (
          <article key={place} class="placeholder">
            <h3>placeholder</h3>
            <p>
              <mark>{message.placeholder}</mark> {message.optional && <small>optional</small>}
            </p>
          </article>
        ),
      )}
    </div>
  )
}

export function TemplateText({ text, format }: { readonly text: string; readonly format: unknown }) {
  return (
    <div class="prose">
      {piecesOf(text, format).map((piece, place) => (piece.isVariable ? <mark key={place}>{piece.text}</mark> : piece.text))}
    </div>
  )
}
