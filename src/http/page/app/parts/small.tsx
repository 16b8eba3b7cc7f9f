import type { ComponentChildren } from 'preact'
import { now } from '../state/now.js'
import { ago } from '../text/words.js'

/** A label; its colour says its weight: production green, staging amber, the others plain. */
export function Label({ name, isProtected }: { readonly name: string; readonly isProtected?: boolean | undefined }) {
  const weight = name === 'production' || name === 'staging' ? name : 'plain'
  return (
    <span class={`label ${weight}`} title={isProtected ? `${name} is protected` : undefined}>
      {name}
      {isProtected && <Icon name="lock" />}
    </span>
  )
}

export function When({ iso }: { readonly iso: string }) {
  return (
    <time dateTime={iso} title={new Date(iso).toLocaleString([], { dateStyle: 'full', timeStyle: 'medium' })}>
      {ago(iso, now.value)}
    </time>
  )
}

const ICONS = {
  lock: <path d="M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3" />,
  up: <path d="M12 19V5M6 11l6-6 6 6" />,
  down: <path d="M12 5v14M6 13l6 6 6-6" />,
  close: <path d="M6 6l12 12M18 6L6 18" />,
  more: <path d="M5 12h.01M12 12h.01M19 12h.01" />,
  search: <path d="M11 4a7 7 0 1 1 0 14a7 7 0 0 1 0-14M20 20l-4-4" />,
  person: <path d="M12 4a4 4 0 1 1 0 8a4 4 0 0 1 0-8M5 20c0-4 3-6 7-6s7 2 7 6" />,
  leave: <path d="M10 4H5v16h5M14 8l4 4-4 4M18 12H9" />,
  arrow: <path d="M5 12h14M13 6l6 6-6 6" />,
} as const

export function Icon({ name }: { readonly name: keyof typeof ICONS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      {ICONS[name]}
    </svg>
  )
}

export function Logo() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
      <circle cx="15" cy="7" r="2.2" />
      <circle cx="9" cy="17" r="2.2" />
    </svg>
  )
}

/** Where a list or a page would be: what is the case, and the next step as a button. */
export function Empty({
  title,
  children,
  level = 2,
}: {
  readonly title: string
  readonly children?: ComponentChildren
  readonly level?: 1 | 2
}) {
  const Heading = level === 1 ? 'h1' : 'h2'
  return (
    <div class="empty">
      <Heading>{title}</Heading>
      {children}
    </div>
  )
}

export function Loading() {
  return (
    <p class="loading" role="status">
      Loading
    </p>
  )
}

/** A notice that stands in the page, with what can be done about it. */
export function Notice({ tone = 'calm', children }: { readonly tone?: 'calm' | 'warn' | 'bad'; readonly children: ComponentChildren }) {
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  )
}
