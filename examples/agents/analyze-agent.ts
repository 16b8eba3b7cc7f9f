import * as v from 'valibot'
import { BaseAgent, type RunContext } from '../../src/index.js'

const EntrySchema = v.object({ finding: v.string(), severity: v.picklist(['info', 'warning', 'error']) })
const QualitySchema = v.object({ score: v.number(), missing: v.array(v.string()) })

/** The log entries of one request on its way through a service. */
export interface TraceReport {
  readonly summary: string
  readonly entries: readonly v.InferOutput<typeof EntrySchema>[]
  readonly quality: v.InferOutput<typeof QualitySchema>
}

const PROMPTS: Readonly<Record<string, string>> = {
  trace_entry_analysis: `You read one entry of a trace.
Answer with one JSON object and nothing else: "finding", what the entry shows in one sentence, and "severity": info, warning or error.`,
  trace_analysis:
    'You are given findings about the entries of one trace, in order. Say in at most three sentences what happened and what to look at first.',
  quality_assessment: `You check a summary of a trace against its findings.
Answer with one JSON object and nothing else: "score" from 0 to 100, and "missing", a list of findings the summary leaves out.`,
}

/** Entries of a trace → a report: each entry alone, then all together, then a check of the summary. Three prompts, one run. */
export class AnalyzeAgent extends BaseAgent<readonly string[], TraceReport> {
  readonly name = 'analyze'
  protected override promptName = 'trace_analysis'

  protected override async run(trace: readonly string[], context: RunContext): Promise<TraceReport> {
    const entries: TraceReport['entries'][number][] = []
    for (const entry of trace) {
      const messages = await this.#messages('trace_entry_analysis', entry, context)
      entries.push((await this.chatJSON(EntrySchema, { messages }, context)).value)
    }
    const findings = entries.map(({ severity, finding }) => `${severity}: ${finding}`).join('\n')
    const { text: summary } = await this.chat({ messages: await this.#messages('trace_analysis', findings, context) }, context)
    const checked = await this.#messages('quality_assessment', `Findings:\n${findings}\n\nSummary:\n${summary}`, context)
    const { value: quality } = await this.chatJSON(QualitySchema, { messages: checked }, context)
    return { summary, entries, quality }
  }

  protected override fallbackPrompt(name: string): string | undefined {
    return PROMPTS[name]
  }

  async #messages(prompt: string, content: string, context: RunContext) {
    return [
      { role: 'system', content: await this.getPrompt({}, { name: prompt, context }) },
      { role: 'user', content },
    ] as const
  }
}
