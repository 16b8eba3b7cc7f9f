import { describe, expect, it } from 'vitest'
import { errorText, factsOfStatus } from '../../src/llm/status-facts.js'

const QUOTA = 'You exceeded your current quota, please check your plan and billing details.'
const google = (message: string, code: number, details: unknown[] = []) => [{ error: { code, message, details } }]

// Bodies as these providers send them.
const ANSWERS: readonly [provider: string, status: number, body: unknown, reason: string, retryable: boolean][] = [
  ['OpenAI, no credit', 429, { error: { message: QUOTA, type: 'insufficient_quota', code: 'insufficient_quota' } }, 'rate_limit', false],
  [
    'OpenAI, too fast',
    429,
    { error: { message: 'Rate limit reached for gpt-4o. Please try again in 2s.', code: 'rate_limit_exceeded' } },
    'rate_limit',
    true,
  ],
  [
    'OpenAI, too much at once',
    429,
    { error: { message: 'Request too large for gpt-4o on tokens per min: Limit 30000, Requested 45000.', code: 'rate_limit_exceeded' } },
    'context_length',
    false,
  ],
  [
    'OpenAI, spending limit',
    429,
    { error: { message: 'Billing hard limit has been reached', code: 'billing_hard_limit_reached' } },
    'rate_limit',
    false,
  ],
  [
    'OpenAI, no such model',
    404,
    { error: { message: 'The model `x` does not exist or you do not have access to it.', code: 'model_not_found' } },
    'model_not_found',
    false,
  ],
  [
    'OpenAI, wrong parameter',
    400,
    { error: { message: "Unsupported parameter: 'max_tokens' is not supported with this model.", code: 'unsupported_parameter' } },
    'bad_request',
    false,
  ],
  [
    'Google, too fast',
    429,
    google(QUOTA, 429, [{ violations: [{ quotaId: 'GenerateRequestsPerMinutePerProjectPerModel' }] }, { retryDelay: '34s' }]),
    'rate_limit',
    true,
  ],
  [
    'Google, no requests left today',
    429,
    google(QUOTA, 429, [{ violations: [{ quotaId: 'GenerateRequestsPerDayPerProjectPerModel' }] }, { retryDelay: '34s' }]),
    'rate_limit',
    false,
  ],
  ['Google, without a code and a time to wait', 429, { error: { message: QUOTA } }, 'rate_limit', false],
  ['Google, exhausted', 429, google('Resource has been exhausted (e.g. check quota).', 429), 'rate_limit', true],
  ['Google, wrong key', 400, google('API key not valid. Please pass a valid API key.', 400), 'auth', false],
  [
    'Google, too long',
    400,
    google('The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).', 400),
    'context_length',
    false,
  ],
  ['Google, overloaded', 503, google('The model is overloaded. Please try again later.', 503), 'overloaded', true],
  [
    'Azure, no such deployment',
    404,
    { error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' } },
    'model_not_found',
    false,
  ],
  ['Azure, wrong path', 404, { error: { code: '404', message: 'Resource not found' } }, 'bad_request', false],
  ['Azure, content filter', 400, { error: { code: 'content_filter', message: 'The response was filtered.' } }, 'bad_request', false],
  [
    'Groq, too much at once',
    413,
    { error: { message: 'Request too large for model `x` on tokens per minute', code: 'rate_limit_exceeded' } },
    'context_length',
    false,
  ],
  [
    'Groq, broken tool call',
    400,
    { error: { message: 'Failed to call a function. Please adjust your prompt.', code: 'tool_use_failed', failed_generation: '<f' } },
    'server',
    true,
  ],
  [
    'Groq, broken JSON',
    400,
    { error: { message: 'Failed to generate JSON.', code: 'json_validate_failed', failed_generation: '' } },
    'server',
    true,
  ],
  [
    'Groq, model gone',
    400,
    { error: { message: 'The model `x` has been decommissioned.', code: 'model_decommissioned' } },
    'model_not_found',
    false,
  ],
  ['Groq, flex tier', 498, { error: { message: 'Flex tier capacity exceeded' } }, 'overloaded', true],
  ['OpenRouter, no credit', 402, { error: { code: 402, message: 'Insufficient credits.' } }, 'rate_limit', false],
  ['anybody, payment required', 402, { error: { message: 'Payment required' } }, 'bad_request', false],
  ['OpenRouter, no such model', 400, { error: { code: 400, message: 'foo/bar is not a valid model ID' } }, 'model_not_found', false],
  ['OpenRouter, no provider', 404, { error: { code: 404, message: 'No endpoints found for foo/bar.' } }, 'model_not_found', false],
  ['OpenRouter, no tools', 404, { error: { code: 404, message: 'No endpoints found that support tool use.' } }, 'unsupported', false],
  ['DeepSeek, no credit', 402, { error: { message: 'Insufficient Balance' } }, 'rate_limit', false],
  ['Anthropic, no credit', 400, { error: { message: 'Your credit balance is too low to access the Anthropic API.' } }, 'rate_limit', false],
  ['Anthropic, too long', 400, { error: { message: 'prompt is too long: 208310 tokens > 200000 maximum' } }, 'context_length', false],
  ['vLLM, too long', 400, { object: 'error', message: "This model's maximum context length is 4096 tokens." }, 'context_length', false],
  ['vLLM, no such model', 404, { object: 'error', message: 'The model `x` does not exist.', code: 404 }, 'model_not_found', false],
  ['FastAPI', 422, { detail: [{ loc: ['body', 'messages'], msg: 'field required' }] }, 'bad_request', false],
  [
    'llama.cpp, too long',
    400,
    { error: { message: 'the request exceeds the available context size, try increasing it' } },
    'context_length',
    false,
  ],
  ['llama.cpp, loading', 503, { error: { message: 'Loading model' } }, 'overloaded', true],
  [
    'xAI, too long',
    400,
    { error: "This model's maximum prompt length is 131072 but the request contains 500000 tokens." },
    'context_length',
    false,
  ],
  ['TGI, too long', 422, { error: 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096.' }, 'context_length', false],
  ['Cloudflare, took too long', 524, '<html>A timeout occurred</html>', 'server', true],
  ['Cloudflare, no answer', 520, 'error code: 520', 'server', true],
  ['Ollama, no such model', 404, { error: 'model "x" not found, try pulling it first' }, 'model_not_found', false],
  ['a server without words', 500, '', 'server', true],
]

describe('what the answer of a provider means', () => {
  it.each(ANSWERS)('%s: %i', (_, status, body, reason, retryable) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body)

    expect(factsOfStatus(status, text)).toEqual({ status, reason, retryable })
    // The words, and not the object around them.
    if (typeof body === 'object' && !JSON.stringify(body).includes('"loc"')) expect(errorText(body, text)).not.toMatch(/^[[{]/)
  })
})
