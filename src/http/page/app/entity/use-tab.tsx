import { API } from '../api/call.js'
import { pathOf } from '../api/writes.js'
import { CopyButton } from '../parts/copy-button.js'
import { DEFAULT_PROJECT } from '../state/address.js'
import type { Context } from './context.js'
import { useContent } from './data.js'

/** How a service reads it: in TypeScript, and over HTTP. */
export function UseTab({ context }: { readonly context: Context }) {
  const { target, shown } = context
  const { value = shown } = useContent(target, shown)
  const variables = Array.isArray(value.variables) ? (value.variables as readonly string[]) : []
  const snippets = [
    { title: 'TypeScript', text: typescript(context, variables) },
    { title: 'curl', text: curl(context) },
  ]
  return (
    <>
      {snippets.map(({ title, text }) => (
        <section key={title} class="snippet">
          <header>
            <h2>{title}</h2>
            <CopyButton text={text} />
          </header>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by the keyboard */}
          <section class="code" tabIndex={0} aria-label={title}>
            <pre>{text}</pre>
          </section>
        </section>
      ))}
    </>
  )
}

const GETTERS: Readonly<Record<string, string>> = { prompt: 'getPrompt', model: 'getModelConfig', embedding: 'getEmbeddingConfig' }

function typescript({ target: { kind, name, project } }: Context, variables: readonly string[]): string {
  const options = project === DEFAULT_PROJECT ? '' : `, { project: ${quote(project)} }`
  const head = "import { getConfigManager } from 'agent-config'\n\nconst manager = getConfigManager()\n"
  if (kind.kind === 'flag') return `${head}const value = await manager.getFlag(${quote(name)}, false${options})\n`
  if (kind.kind === 'context_rules') return `${head}const [rule] = await manager.getContextRules(${quote(name)}${options})\n`
  const getter = GETTERS[kind.kind]
  if (!getter) return `${head}const entry = await manager.of(${kind.kind}).get(${quote(name)}${options})\nentry?.content\n`
  const read = `const ${kind.kind} = await manager.${getter}(${quote(name)}${options})\n`
  if (kind.kind !== 'prompt') return head + read
  return `${head}${read}prompt?.compile({ ${variables.map((variable) => `${/^\w+$/.test(variable) ? variable : quote(variable)}: …`).join(', ')} })\n`
}

function curl({ target }: Context): string {
  const query = target.project === DEFAULT_PROJECT ? '' : `?project=${encodeURIComponent(target.project)}`
  return `curl -H "Authorization: Bearer $TOKEN" \\\n  '${location.origin}${API}${pathOf(target).replaceAll("'", '%27')}${query}'\n`
}

function quote(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
