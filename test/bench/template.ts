import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { TemplateFormat } from '../../src/entities/template.js'
import { parseTemplate } from '../../src/template/parse-template.js'

/** One line of the table of measures. */
export interface TemplateBenchRow {
  readonly measure: string
  readonly ours: string
  readonly beside: string
  /** Ours to beside; more is better. */
  readonly ratio: number
  /** The ratio to reach. */
  readonly reach: number
}

const ROUNDS = 7
const ROUND_MS = 300

/**
 * Rendering, beside the SDK most people use and the mustache library, in one process and taking turns; the median of several rounds.
 * Each result is written into a Buffer: a string that nobody reads may be left unassembled, and would flatter the renderer that leaves it so.
 */
export async function templateBench(peersFolder = installPeers()): Promise<TemplateBenchRow[]> {
  const load = createRequire(join(peersFolder, 'package.json'))
  const { TextPromptClient } = load('@langfuse/client') as { TextPromptClient: new (prompt: object) => { compile(values: object): string } }
  const mustache = load('mustache') as { render(template: string, values: object): string; parse(template: string): unknown }
  const values = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`variable_${index}`, `value number ${index}`]))
  const theirs = aPrompt(0, 'mustache')
  const ours = parseTemplate(aPrompt(0, 'f-string'), 'f-string')
  const langfuse = new TextPromptClient({ name: 'bench', version: 1, type: 'text', prompt: theirs, config: {}, labels: [], tags: [] })
  const renderers = {
    ours: () => ours.render(values) as string,
    langfuse: () => langfuse.compile(values),
    mustache: () => mustache.render(theirs, values),
  }
  const expected = renderers.ours()
  for (const render of Object.values(renderers)) if (render() !== expected) throw new Error('the renderers do not agree')
  const rates = takeTurns(renderers)
  const size = `${expected.length} characters, 8 variables, written into a Buffer`
  const bytes = bytesKept((prompt) => parseTemplate(prompt, 'mustache'))
  const theirBytes = bytesKept((prompt) => mustache.parse(prompt))
  return [
    row(`render ${size}, beside compile() of @langfuse/client`, rates.ours, rates.langfuse, 8),
    row(`render ${size}, beside mustache.render`, rates.ours, rates.mustache, 5),
    {
      measure: 'memory of a parsed prompt of that size, without its text, beside mustache.parse',
      ours: `${Math.round(bytes)} B`,
      beside: `${Math.round(theirBytes)} B`,
      ratio: theirBytes / bytes,
      reach: 1,
    },
  ]
}

function row(measure: string, ours: number, beside: number, reach: number): TemplateBenchRow {
  return { measure, ours: perSecond(ours), beside: perSecond(beside), ratio: ours / beside, reach }
}

function perSecond(rate: number): string {
  return `${(rate / 1e6).toFixed(2)} M/s`
}

/** Results per second of each renderer. */
function takeTurns<Name extends string>(renderers: Record<Name, () => string>): Record<Name, number> {
  const buffer = Buffer.alloc(8_192)
  const rates = Object.fromEntries(Object.keys(renderers).map((name) => [name, []])) as unknown as Record<Name, number[]>
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of Object.keys(renderers) as Name[]) rates[name].push(rateOf(renderers[name], buffer))
  }
  return Object.fromEntries(Object.entries(rates).map(([name, each]) => [name, median(each as number[])])) as Record<Name, number>
}

function rateOf(render: () => string, buffer: Buffer): number {
  const start = performance.now()
  let results = 0
  while (performance.now() - start < ROUND_MS) {
    for (let index = 0; index < 100; index++) buffer.write(render())
    results += 100
  }
  return (results / (performance.now() - start)) * 1_000
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}

/** Bytes on the heap that one parsed prompt keeps beside its text, of 3,000 different ones. */
function bytesKept(parse: (prompt: string) => unknown): number {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  const prompts = Array.from({ length: 3_000 }, (_, index) => aPrompt(index, 'mustache'))
  const kept: unknown[] = []
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  for (const prompt of prompts) kept.push(parse(prompt))
  collectGarbage()
  return (process.memoryUsage().heapUsed - before) / kept.length
}

/** About 1,600 characters and 8 variables. */
function aPrompt(index: number, format: TemplateFormat): string {
  const [open, close] = format === 'mustache' ? ['{{', '}}'] : ['{', '}']
  const lines = Array.from(
    { length: 8 },
    (_, line) => `${`Part ${line} of prompt ${index}: keep to what the text says. `.repeat(4)}${open}variable_${line}${close}\n`,
  )
  // Through a Buffer, so that the text is one flat string before anybody is measured.
  return Buffer.from(lines.join('')).toString()
}

/** Installs the peers in a folder of their own, once. */
function installPeers(): string {
  const folder = join(tmpdir(), 'agent-config-bench-template')
  if (existsSync(join(folder, 'node_modules', '@langfuse', 'client'))) return folder
  mkdirSync(folder, { recursive: true })
  copyFileSync(fileURLToPath(new URL('peers/template-package.json', import.meta.url)), join(folder, 'package.json'))
  execFileSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' })
  return folder
}
