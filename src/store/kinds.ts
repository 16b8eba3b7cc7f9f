import { EMBEDDING_KIND } from './embedding-kind.js'
import { MODEL_KIND } from './model-kind.js'
import { PROMPT_KIND } from './prompt-kind.js'

/** The kinds whose versions carry labels. They differ in their rows, not in their behaviour. */
export const KINDS = { prompt: PROMPT_KIND, model: MODEL_KIND, embedding: EMBEDDING_KIND } as const
