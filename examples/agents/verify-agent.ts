import * as v from 'valibot'
import { BaseAgent, type RunContext } from '../../src/index.js'

export const RelevanceSchema = v.object({ relevance: v.pipe(v.number(), v.minValue(0), v.maxValue(100)), reason: v.string() })

export type Relevance = v.InferOutput<typeof RelevanceSchema>

/** A question, and a log file's text that may answer it. */
export interface Evidence {
  readonly question: string
  readonly log: string
  /** What to look for and what to ignore, from the context rules. */
  readonly important?: string
  readonly ignore?: string
}

const PROMPT = `You judge how well a log answers a question.
Important: {important}
Pass over: {ignore}
Answer with one JSON object and nothing else: "relevance", a number from 0 (nothing to do with it) to 100 (answers it), and "reason", one sentence.`

/** How relevant a log is to a question. */
export class VerifyAgent extends BaseAgent<Evidence, Relevance> {
  readonly name = 'verify'
  protected override promptName = 'relevance_analysis'

  protected override async run(
    { question, log, important = 'nothing special', ignore = 'nothing' }: Evidence,
    context: RunContext,
  ): Promise<Relevance> {
    const system = await this.getPrompt({ important, ignore }, { context })
    const messages = [
      { role: 'system', content: system },
      { role: 'user', content: `Question: ${question}\n\nLog:\n${log}` },
    ] as const
    return (await this.chatJSON(RelevanceSchema, { messages, temperature: 0 }, context)).value
  }

  protected override fallbackPrompt(name: string): string | undefined {
    return name === 'relevance_analysis' ? PROMPT : undefined
  }
}
