import type { Version } from '../api/wire.js'
import { browserStorage } from '../state/storage.js'

/** A variable that the playground asks for. */
export interface Variable {
  readonly name: string
  readonly type: 'text' | 'messages'
  readonly isOptional: boolean
}

const MOST_KEPT = 40
const TAG = /\{\{\{?\s*[#^&]?\s*([\w.]+)\s*\}?\}\}/g

/** What the versions need, in their order: variables, tags inside mustache sections, and placeholders of chats. */
export function variablesOf(versions: readonly Version[]): readonly Variable[] {
  const found = new Map<string, Variable>()
  for (const { variables = [], template, template_format } of versions) {
    for (const name of variables as readonly string[]) found.set(name, { name, type: 'text', isOptional: false })
    for (const name of template_format === 'mustache' ? tagsOf(template) : [])
      if (!found.has(name)) found.set(name, { name, type: 'text', isOptional: true })
    for (const message of Array.isArray(template) ? template : [])
      if ('placeholder' in message)
        found.set(message.placeholder, { name: message.placeholder, type: 'messages', isOptional: message.optional ?? false })
  }
  return [...found.values()]
}

/** What is sent: lists, objects and yes or no as JSON, everything else as the text it is. */
export function valuesOf(variables: readonly Variable[], texts: Readonly<Record<string, string>>): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const { name, type, isOptional } of variables) {
    const text = texts[name] ?? ''
    if (text === '' && (isOptional || type === 'messages')) {
      if (type === 'messages' && !isOptional) values[name] = []
    } else put(values, name.split('.'), readValue(text))
  }
  return values
}

const keyOf = (about: string): string => `input:${about}`

/** What was typed last for a prompt, in this browser. */
export function readInput(about: string): Readonly<Record<string, string>> {
  try {
    return JSON.parse(browserStorage.get(keyOf(about)) ?? '{}')
  } catch {
    return {}
  }
}

export function keepInput(about: string, texts: Readonly<Record<string, string>>): void {
  const key = keyOf(about)
  browserStorage.remove(key)
  if (Object.values(texts).every((text) => text === '')) return
  browserStorage.set(key, JSON.stringify(texts))
  const kept = browserStorage.keys().filter((one) => one.startsWith('input:') && one !== key)
  for (const old of kept.slice(0, Math.max(0, kept.length + 1 - MOST_KEPT))) browserStorage.remove(old)
}

function readValue(text: string): unknown {
  if (!/^\s*(?:[[{]|true\s*$|false\s*$)/.test(text)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function put(values: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    values[first] = value
    return
  }
  const inner = values[first]
  const next = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : {}
  values[first] = next
  put(next, rest, value)
}

function tagsOf(template: unknown): readonly string[] {
  const texts = typeof template === 'string' ? [template] : Array.isArray(template) ? template.map(({ content = '' }) => content) : []
  return texts.flatMap((text: string) => [...text.matchAll(TAG)].map(([, name]) => name!))
}
