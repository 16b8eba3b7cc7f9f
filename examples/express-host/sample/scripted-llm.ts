import { defineLLMClient, messageText } from 'agent-config/llm'

const TIME = /\b(?:today|yesterday|since \w+|last (?:\d+ )?\w+)\b/i
const WORD = /[a-z_]+/g

/**
 * A model for machines without one: it answers by rules, at once and always the same.
 *
 * It reads what it may use from the system prompt, so that another version of the prompt gives another answer.
 */
export const scriptedLLM = defineLLMClient({
  provider: 'scripted',
  chat: async ({ messages }) => {
    const system = messageText(messages.find((message) => message.role === 'system'))
    const text = messageText(messages.findLast((message) => message.role === 'user'))
    const words = new Set(text.toLowerCase().match(WORD))
    const answer = {
      time_frame: TIME.exec(text)?.[0] ?? null,
      domain: listed(system, 'Allowed domains').find((domain) => words.has(domain)) ?? null,
      query_keys: listed(system, 'Allowed query keys').filter((key) => words.has(key)),
    }
    return { text: JSON.stringify(answer) }
  },
})

function listed(system: string, heading: string): readonly string[] {
  const line = system.split('\n').find((candidate) => candidate.startsWith(`${heading}:`)) ?? ''
  return line.slice(heading.length + 1).match(WORD) ?? []
}
