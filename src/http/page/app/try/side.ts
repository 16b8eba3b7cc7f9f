import { takes } from '../api/abilities.js'
import { post } from '../api/call.js'
import { getPage } from '../api/pages.js'
import type { Version } from '../api/wire.js'
import { pathOf, type Target } from '../api/writes.js'

/** One of the two: a version that is there, or the draft of this tab. */
export interface Side {
  readonly choice: string
  readonly version: Version
  /** For a draft: what stands in the form, since the API does not know it. */
  readonly draft?: { readonly template: unknown; readonly template_format: unknown } | undefined
}

export interface Rendered {
  readonly text?: string
  readonly messages?: readonly { readonly role: string; readonly content: string }[]
  readonly problems?: readonly { readonly message?: number | null; readonly detail: string }[]
}

export interface Answer {
  readonly text: string
  readonly provider?: string
  readonly model?: string
  readonly usage?: { readonly input_tokens?: number; readonly output_tokens?: number }
  readonly timings?: Readonly<Record<string, number>>
  /** As the browser measured it. */
  readonly ms: number
}

const bodyOf = ({ project }: Target, { version, draft }: Side, variables: object) => ({
  ...(draft ?? { version: version.version }),
  project,
  variables,
})

/** The prompt with its variables filled in; no model is asked. */
export function preview(target: Target, side: Side, variables: object, signal: AbortSignal): Promise<Rendered> {
  return post<Rendered>(`${pathOf(target)}/preview`, bodyOf(target, side, variables), {}, signal)
}

/** The model's answer. */
export async function run(target: Target, side: Side, variables: object, model: string, signal: AbortSignal): Promise<Answer> {
  const start = performance.now()
  const body = { ...bodyOf(target, side, variables), name: target.name, ...(model && { model }) }
  const answer = await post<Omit<Answer, 'ms'>>('/playground/run', body, {}, signal)
  return { ...answer, ms: performance.now() - start }
}

/** Models that a run may be asked of: those in production, by `provider:model`. */
export async function loadModels(
  project: string,
  signal: AbortSignal,
): Promise<readonly { readonly name: string; readonly model: string }[]> {
  const include = takes('GET', '/models', 'include') ? 'content' : undefined
  const { items } = await getPage<Version>('/models', { project, label: 'production', limit: 100, include }, { signal, asks: false })
  return items.map(({ name, provider, model_name }) => ({ name, model: `${provider}:${model_name}` }))
}
