import { parseFormat } from './format.js'
import { booleanWord, guess, looseNumber } from './read-text.js'
import { parseJson } from './structure.js'

/** The result of a token. `raw` is kept when a schema may read the text in another way. */
export interface Evaluated {
  readonly value: unknown
  readonly raw: string | undefined
  readonly isSecret: boolean
}

/** The variables, settings and files that tokens may read. */
export interface TokenScope {
  /** A variable of the environment or of .env; without a text when it is not set. What stands in for a secret is one too. */
  readonly variable: (name: string) => { readonly text: string | undefined; readonly isSecret: boolean }
  /** Another setting by its path, as `get` takes it, resolved; `undefined` when there is none. */
  readonly setting: (path: string) => Evaluated | undefined
  /** The text of a file; `undefined` when there is none. A relative path starts at the folder of the file that names it. */
  readonly file: (path: string) => string | undefined
}

const TOKEN = /^@(env|format|get|read_file|none|null|int|float|bool|str|json|upper|lower|strip|split)(?: ([\s\S]*))?$/

/** How many tokens may stand in front of each other. */
const MOST_TOKENS = 20

/** Whether a string begins with a token that gives a value. `@integer` and an address like `@alice` do not. */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/**
 * Evaluates one token, and the token it may be applied to: `@int @env PORT`.
 *
 * @throws {Error} whose message follows the name of the setting and quotes no value
 */
export function evaluateToken(text: string, scope: TokenScope, level = 0): Evaluated {
  if (level > MOST_TOKENS) throw new Error(`has more than ${MOST_TOKENS} tokens, one inside the other`)
  const [, token = '', rest = ''] = TOKEN.exec(text) ?? []
  if (token === 'none' || token === 'null') return { value: null, raw: undefined, isSecret: false }
  if (token === 'env') return evaluateEnv(rest, scope, level)
  if (token === 'get') return evaluateGet(rest, scope, level)
  if (token === 'read_file') return evaluateFile(rest, scope, level)
  if (token === 'format') return evaluateFormat(rest, scope)
  const inner = isToken(rest) ? evaluateToken(rest, scope, level + 1) : { value: rest, raw: rest, isSecret: false }
  return { value: convert(token, inner.raw ?? textOf(inner.value)), raw: undefined, isSecret: inner.isSecret }
}

function evaluateEnv(rest: string, scope: TokenScope, level: number): Evaluated {
  const { word: name, fallback } = splitArgument(rest)
  const { text, isSecret } = scope.variable(name)
  if (text !== undefined) return { value: guess(text), raw: text, isSecret }
  if (fallback === undefined) throw new Error(`needs the variable ${name || '(no name)'}, which is not set (@env NAME default gives one)`)
  const instead = evaluateFallback(fallback, scope, level)
  return { ...instead, isSecret: isSecret || instead.isSecret }
}

function evaluateGet(rest: string, scope: TokenScope, level: number): Evaluated {
  const { word: path, fallback } = splitArgument(rest)
  const found = path === '' ? undefined : scope.setting(path)
  const cast = /^@(int|float|bool|str|json)(?: |$)/.exec(fallback ?? '')?.[1]
  if (found) return cast ? { value: convert(cast, found.raw ?? textOf(found.value)), raw: undefined, isSecret: found.isSecret } : found
  if (fallback === undefined) throw new Error(`needs the setting ${path || '(no name)'}, which is not there (@get key default gives one)`)
  return evaluateFallback(fallback, scope, level)
}

function evaluateFile(rest: string, scope: TokenScope, level: number): Evaluated {
  const { word: path, fallback } = splitArgument(rest)
  const text = scope.file(path)
  if (text !== undefined) return { value: text.trim(), raw: text.trim(), isSecret: true }
  if (fallback === undefined)
    throw new Error(`needs the file ${path || '(no name)'}, which does not exist (@read_file path default gives a default)`)
  return { ...evaluateFallback(fallback, scope, level), isSecret: true }
}

function evaluateFormat(rest: string, scope: TokenScope): Evaluated {
  let isSecret = false
  const texts = parseFormat(rest).map((part) => {
    if (part.kind === 'text') return part.text
    const variable = part.kind === 'variable' ? scope.variable(part.name) : undefined
    const setting = part.kind === 'setting' ? scope.setting(part.path) : undefined
    isSecret ||= variable?.isSecret === true || setting?.isSecret === true
    const text = variable?.text ?? (setting && textOf(setting.value)) ?? part.fallback
    if (text !== undefined) return text
    throw new Error(
      part.kind === 'variable' ? `needs the variable ${part.name}, which is not set` : `needs the setting ${part.path}, which is not there`,
    )
  })
  return { value: texts.join(''), raw: texts.join(''), isSecret }
}

function evaluateFallback(text: string, scope: TokenScope, level: number): Evaluated {
  return isToken(text) ? evaluateToken(text, scope, level + 1) : { value: guess(text), raw: text, isSecret: false }
}

/** The first word, which may be quoted, and what follows it. */
function splitArgument(text: string): { word: string; fallback: string | undefined } {
  const [, quoted, plain, fallback] = /^\s*(?:"([^"]*)"|(\S*))(?:\s+([\s\S]+))?$/.exec(text) ?? []
  return { word: quoted ?? plain ?? '', fallback }
}

function convert(token: string, text: string): unknown {
  if (token === 'str') return text
  if (token === 'upper') return text.toUpperCase()
  if (token === 'lower') return text.toLowerCase()
  if (token === 'strip') return text.trim()
  if (token === 'split') return text.split(/\s+/).filter((word) => word !== '')
  if (token === 'bool') return booleanWord(text) ?? refuse(token, 'true, t, yes, on, 1 or false, f, no, off, 0')
  if (token === 'json') {
    const value = parseJson(text)
    return value === undefined ? refuse(token, 'JSON with integers within ±2^53') : value
  }
  const trimmed = text.trim()
  if (token === 'int') {
    const number = /^[+-]?\d[\d_]*$/.test(trimmed) ? looseNumber(trimmed) : undefined
    return number ?? refuse(token, 'an integer within ±2^53')
  }
  const infinite = /^[+-]?(?:inf(?:inity)?|nan)$/i.test(trimmed)
  if (infinite) return /nan/i.test(trimmed) ? Number.NaN : trimmed.startsWith('-') ? -Infinity : Infinity
  return looseNumber(trimmed) ?? refuse(token, 'a number')
}

function refuse(token: string, expectation: string): never {
  throw new Error(`has @${token}, which needs ${expectation}`)
}

/** How a final value reads inside a text. */
function textOf(value: unknown): string {
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}
