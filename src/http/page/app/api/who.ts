import { signal } from '@preact/signals'
import { can } from './abilities.js'
import { get } from './call.js'

/** Whom the host takes this page for: by its token, or by the host's own session. */
export interface Who {
  readonly name: string
  readonly signed_in: boolean
  /** What concerns a whole project, and whether this person's role allows it. */
  readonly may: { readonly import: boolean; readonly refresh: boolean }
}

/** `undefined` before the host has said it, and where the API cannot say it. */
export const who = signal<Who | undefined>(undefined)

export async function learnWho(): Promise<void> {
  who.value = can('GET', '/actor') ? await get<Who>('/actor', {}, { asks: false }) : undefined
}
