import type { Message, ToolCall } from '../entities/message.js'
import { assistantMessage } from '../llm/assistant-message.js'
import { jsonSchemaOf } from '../llm/json-answer.js'
import type { ChatResult, JsonSchema, ToolDefinition } from '../llm/llm-client.js'
import { problemsOf } from '../llm/schema-problems.js'
import { InvalidArgumentError, LLMError } from '../shared/errors.js'
import type { StandardSchema } from '../shared/standard-schema.js'
import type { AgentRequest } from './model-choice.js'
import { isAbort } from './model-walk.js'
import type { RunContext } from './run-context.js'
import type { RunState } from './run-state.js'
import { untilAborted } from './until-aborted.js'

/** A tool that the model may ask for. */
// biome-ignore lint/suspicious/noExplicitAny: each tool takes an input of its own, which its schema and not the compiler knows
export interface AgentTool<Input = any> {
  readonly description?: string
  /** JSON Schema, or a schema that describes itself as JSON Schema (zod from 4.2, arktype), which then checks the input as well. */
  readonly inputSchema: JsonSchema | StandardSchema<unknown, Input>
  /** Its result goes to the model: text as it is, anything else as JSON. An error that it throws goes there too, as `Error: …`. */
  run(input: Input, context: RunContext): unknown
}

/** Tools by their names. */
export type AgentTools = Readonly<Record<string, AgentTool>>

/** A question with tools. */
export interface ToolRequest extends Omit<AgentRequest, 'tools'> {
  readonly tools: AgentTools
  /** Most questions to the model; each may ask for several tools. @default 10 */
  readonly maxSteps?: number
}

/** The last answer, and how it came about. */
export interface ToolAnswer extends ChatResult {
  /** Every answer in order, this one last. */
  readonly steps: readonly ChatResult[]
  /** The request's messages and all that came after them, this answer included: the history for the next question. */
  readonly messages: readonly Message[]
}

const DEFAULT_STEPS = 10

/** Longest result of a tool that is sent to the model, in characters. */
const LONGEST_RESULT = 256 * 1024

/**
 * Asks the model, runs the tools it asks for, and asks again with their results, until it answers without a tool.
 *
 * @throws {LLMError} with reason `invalid_output` when it still asks for tools after `maxSteps` questions
 * @throws {InvalidArgumentError} for a tool whose schema is no JSON Schema
 */
export async function answerWithTools(
  { tools, maxSteps = DEFAULT_STEPS, ...request }: ToolRequest,
  ask: (request: AgentRequest) => Promise<ChatResult>,
  { context, state }: { readonly context: RunContext; readonly state: RunState },
): Promise<ToolAnswer> {
  if (!Number.isInteger(maxSteps) || maxSteps < 1) throw new InvalidArgumentError('maxSteps', 'must be a whole number from 1')
  const definitions = Object.entries(tools).map(([name, tool]) => definitionOf(name, tool))
  const messages: Message[] = [...request.messages]
  const steps: ChatResult[] = []
  for (let step = 1; step <= maxSteps; step++) {
    const result = await ask({ ...request, ...afterFirst(request, step), messages: [...messages], tools: definitions })
    steps.push(result)
    messages.push(assistantMessage(result))
    if (result.toolCalls.length === 0) return { ...result, steps, messages }
    if (step < maxSteps) messages.push(...(await Promise.all(result.toolCalls.map((call) => toolMessage(call, tools, context, state)))))
  }
  const last = steps.at(-1)!
  throw new LLMError(`The model still asks for ${last.toolCalls.map(({ name }) => `"${name}"`).join(', ')} after ${maxSteps} steps.`, {
    reason: 'invalid_output',
    provider: last.provider,
    model: last.model,
    partial: last.text,
    hint: 'Raise maxSteps, or say in the prompt when to stop.',
  })
}

/** After the first step any choice but `none` becomes `auto`: a model that has to use a tool in every step would never answer. */
function afterFirst({ toolChoice }: AgentRequest, step: number): Pick<AgentRequest, 'toolChoice'> {
  return step > 1 && toolChoice !== undefined && toolChoice !== 'none' ? { toolChoice: 'auto' } : {}
}

function definitionOf(name: string, tool: AgentTool): ToolDefinition {
  const { description, inputSchema } = tool
  const described = isStandard(inputSchema) ? jsonSchemaOf(inputSchema) : (inputSchema as JsonSchema)
  if (described === undefined) {
    throw new InvalidArgumentError(
      `tools.${name}.inputSchema`,
      'must be JSON Schema, or a schema that describes itself as JSON Schema, of zod 4.2 or arktype for example',
    )
  }
  return { name, ...(description !== undefined && { description }), inputSchema: described }
}

async function toolMessage(call: ToolCall, tools: AgentTools, context: RunContext, state: RunState): Promise<Message> {
  const { id, name } = call
  return { role: 'tool', toolCallId: id, toolName: name, content: await resultOf(call, tools, context, state) }
}

/** The result of a tool, as text for the model. A failure is a result too, so that the model can try again. An abort ends the run. */
async function resultOf({ id, name, input }: ToolCall, tools: AgentTools, context: RunContext, state: RunState): Promise<string> {
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined
  if (tool === undefined) return `Error: there is no tool "${name}". There are ${Object.keys(tools).join(', ')}.`
  const { description } = tool
  const observation = state.observation.beginTool({ name, id, ...(description !== undefined && { description }) })
  try {
    const result = await untilAborted(
      observation.within(async () => tool.run(await checkedInput(tool, input), context)),
      context.signal,
    )
    observation.end()
    if (isAbort(context)) throw context.signal.reason
    return shortened(textOf(result))
  } catch (error) {
    observation.end(error)
    if (isAbort(context)) throw error
    return shortened(`Error: ${error instanceof Error ? error.message : thrownText(error)}`)
  }
}

/** Cuts between characters: servers refuse half of a surrogate pair. */
function shortened(text: string): string {
  return text.slice(0, LONGEST_RESULT).replace(/[\ud800-\udbff]$/, '')
}

/** Whatever was thrown; some objects cannot be made a text. */
function thrownText(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'the tool threw an object without words'
  }
}

async function checkedInput(tool: AgentTool, input: unknown): Promise<unknown> {
  if (!isStandard(tool.inputSchema)) {
    // Arguments that a client could not parse are still text, which a tool that takes an object does not expect.
    const { type } = tool.inputSchema as JsonSchema
    if (typeof input === 'string' && type === 'object') throw new Error('the input is not valid JSON: write a JSON object')
    return input
  }
  const checked = await tool.inputSchema['~standard'].validate(input)
  if (checked.issues === undefined) return checked.value
  throw new Error(`the input does not fit: ${problemsOf(checked.issues).join('; ')}`)
}

function isStandard(schema: object): schema is StandardSchema {
  return typeof (schema as Partial<StandardSchema>)['~standard']?.validate === 'function'
}

function textOf(result: unknown): string {
  if (typeof result === 'string') return result
  return JSON.stringify(result, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part)) ?? ''
}
