/** What differs between the kinds: where they live, what they are called, what a version says. */
export const KINDS = {
  prompts: {
    kind: 'prompt',
    one: 'prompt',
    title: 'Prompts',
    label: 'production',
    about: (item) => item.description ?? firstLine(item.template),
  },
  models: { kind: 'model', one: 'model', title: 'Models', label: 'production', about: (item) => `${item.provider}:${item.model_name}` },
  embeddings: {
    kind: 'embedding',
    one: 'embedding',
    title: 'Embeddings',
    label: 'latest',
    about: (item) => `${item.embedding_model}, ${item.chunk_size} tokens`,
  },
}

const ABOUT_THE_ROW = [
  'id',
  'project',
  'name',
  'version',
  'labels',
  'is_active',
  'revision',
  'source',
  'stale',
  'selection',
  'created_by',
  'created_at',
]

/** What a version says, as text. */
export function textOf(item) {
  if (item.template !== undefined) return typeof item.template === 'string' ? item.template : JSON.stringify(item.template, null, 2)
  return JSON.stringify(Object.fromEntries(Object.entries(item).filter(([name]) => !ABOUT_THE_ROW.includes(name))), null, 2)
}

export function addressOf(path, name, project) {
  return `#/${path}/${encodeURIComponent(name)}${project && project !== 'default' ? `?project=${encodeURIComponent(project)}` : ''}`
}

function firstLine(template) {
  return typeof template === 'string' ? template.split('\n')[0] : `${template.length} messages`
}
