import type { DescribedSetting } from './describe.js'

/** The settings as a Markdown table. */
export function markdownTable(rows: readonly DescribedSetting[]): string {
  const lines = rows.map((row) => {
    const notes = [
      row.description,
      ...row.constraints.map((text) => `must ${text}`),
      row.isSecret ? 'secret' : undefined,
      row.isFresh ? 'fresh' : undefined,
    ]
    const fallback = row.isRequired ? '**required**' : row.fallback === undefined ? '' : `\`${cell(row.fallback)}\``
    return `| \`${cell(row.path)}\` | ${cell(row.type)} | ${fallback} | \`${cell(row.variable)}\` | ${cell(notes.filter((note) => note !== undefined).join('; '))} |`
  })
  return ['| setting | type | default | variable | notes |', '| --- | --- | --- | --- | --- |', ...lines].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')

/** A `settings.toml` with every setting commented out, and a `.env.example` with what must be set. */
export function exampleFiles(rows: readonly DescribedSetting[]): string {
  const plain = rows.filter(({ path }) => !path.includes('.'))
  const nested = rows.filter(({ path }) => path.includes('.'))
  const tables = [...new Set(nested.map(({ path }) => path.slice(0, path.lastIndexOf('.'))))]
  const toml = [
    '# settings.toml: values for every environment; settings.{env}.toml has those of one.',
    '[default]',
    ...plain.filter(({ isSecret }) => !isSecret).flatMap(tomlLines),
    ...tables.flatMap((table) => [
      '',
      `[default.${table}]`,
      ...nested.filter((row) => !row.isSecret && row.path.slice(0, row.path.lastIndexOf('.')) === table).flatMap(tomlLines),
    ]),
  ]
  const env = [
    '# .env.example: copy it to .env, which is not committed.',
    ...rows
      .filter(({ isRequired, isSecret }) => isRequired || isSecret)
      .flatMap((row) => [`# ${noteOf(row)}`, `${row.isRequired ? '' : '# '}${row.variable}=`]),
  ]
  return [...toml, '', ...env].join('\n')
}

function tomlLines(row: DescribedSetting): string[] {
  const value = row.fallback === undefined ? sampleOf(row.type) : row.fallback.startsWith('{') ? inlineTable(row.fallback) : row.fallback
  return [`# ${noteOf(row)}`, `# ${row.path.slice(row.path.lastIndexOf('.') + 1)} = ${value}`]
}

function noteOf(row: DescribedSetting): string {
  const facts = [row.type, row.isRequired ? 'required' : undefined, ...row.constraints.map((text) => `must ${text}`)].filter(
    (fact) => fact !== undefined,
  )
  return `${row.description === undefined ? '' : `${row.description.replaceAll('\n', ' ')} `}(${facts.join(', ')})`
}

function sampleOf(type: string): string {
  if (type === 'number' || type === 'integer') return '0'
  if (type === 'boolean') return 'false'
  if (type === 'list') return '[]'
  if (type === 'table') return '{}'
  return /^one of ("[^"]*")/.exec(type)?.[1] ?? '""'
}

/** JSON as TOML writes it: `{ "a" = 1 }`. */
function inlineTable(json: string): string {
  const write = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(write).join(', ')}]`
    if (typeof value !== 'object' || value === null) return JSON.stringify(value)
    const parts = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)} = ${write(item)}`)
    return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
  }
  return write(JSON.parse(json))
}
