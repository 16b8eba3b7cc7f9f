import type { ConfigurationManager } from '../../../src/index.js'

/** The names all measures read. Through an object's keys, which makes them what names in source code are: the engine's own copies. */
export const NAMES: readonly string[] = Object.keys(
  Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`team-${index % 10}/prompt-${index}`, 0])),
)

/** A template of 1,600 characters with two variables; each is different, as prompts are. */
export function templateOf(name: string): string {
  const text = `You are the assistant behind ${name}. Answer {question} for {customer}, and keep to what the handbook says. `
  return text
    .repeat(Math.ceil(1_600 / text.length))
    .slice(0, 1_600)
    .replace(/\{[^}]*$/, '')
}

/** Writes all of them, a hundred in a transaction, each labelled `production`. */
export async function seedPrompts(manager: ConfigurationManager, names: readonly string[] = NAMES): Promise<void> {
  for (let start = 0; start < names.length; start += 100) {
    await manager.transaction(async ({ prompts }) => {
      for (const name of names.slice(start, start + 100)) {
        await prompts.create({ name, template: templateOf(name), labels: ['production'] })
      }
    })
  }
}
