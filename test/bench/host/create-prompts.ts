import { templateOf } from '../support/bench-prompts.js'
import { type Server, TOKEN } from './servers.js'

const HEADERS = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }

/** Creates `prompt-0`, `prompt-1` and so on over the API of a host, all in production. */
export async function createPrompts(host: Server, count: number, templateBytes: number): Promise<void> {
  const template = templateOf('x').repeat(20).padEnd(templateBytes, 'x').slice(0, templateBytes).replaceAll(/[{}]/g, '-')
  for (let number = 0; number < count; number++) {
    const body = JSON.stringify({ name: `prompt-${number}`, template, labels: ['production'] })
    const response = await fetch(promptsOf(host), { method: 'POST', headers: HEADERS, body })
    if (!response.ok) throw new Error(await response.text())
  }
}

/** Where the API of a host has its prompts. */
export function promptsOf(host: Server): string {
  return new URL('.', host.url).href.slice(0, -1)
}
