import { expect, it } from 'vitest'
import { ollamaBaseUrl } from '../../src/llm/index.js'

// Every row of the table in Ollama's own envconfig/config_test.go. Where a server listens on every address, a client asks this machine.
it.each([
  ['empty', '', 'http://127.0.0.1:11434'],
  ['only address', '1.2.3.4', 'http://1.2.3.4:11434'],
  ['only port', ':1234', 'http://127.0.0.1:1234'],
  ['address and port', '1.2.3.4:1234', 'http://1.2.3.4:1234'],
  ['hostname', 'example.com', 'http://example.com:11434'],
  ['hostname and port', 'example.com:1234', 'http://example.com:1234'],
  ['zero port', ':0', 'http://127.0.0.1:0'],
  ['too large port', ':66000', 'http://127.0.0.1:11434'],
  ['too small port', ':-1', 'http://127.0.0.1:11434'],
  ['a port that is no number', 'gpu.lan:http', 'http://gpu.lan:11434'],
  ['ipv6 localhost', '[::1]', 'http://[::1]:11434'],
  ['ipv6 world open', '[::]', 'http://[::1]:11434'],
  ['ipv6 no brackets', '::1', 'http://[::1]:11434'],
  ['ipv6 world open, no brackets', '::', 'http://[::1]:11434'],
  ['ipv6 + port', '[::1]:1337', 'http://[::1]:1337'],
  ['extra space', ' 1.2.3.4 ', 'http://1.2.3.4:11434'],
  ['extra quotes', '"1.2.3.4"', 'http://1.2.3.4:11434'],
  ['extra space+quotes', ' " 1.2.3.4 " ', 'http://1.2.3.4:11434'],
  ['extra single quotes', "'1.2.3.4'", 'http://1.2.3.4:11434'],
  ['http', 'http://1.2.3.4', 'http://1.2.3.4'],
  ['http port', 'http://1.2.3.4:4321', 'http://1.2.3.4:4321'],
  ['https', 'https://1.2.3.4', 'https://1.2.3.4'],
  ['https port', 'https://1.2.3.4:4321', 'https://1.2.3.4:4321'],
  ['http, bad port', 'http://1.2.3.4:99999', 'http://1.2.3.4'],
  ['proxy path', 'https://example.com/ollama', 'https://example.com/ollama'],
  ['path without a scheme', 'example.com/ollama/', 'http://example.com:11434/ollama'],
  ['all addresses', '0.0.0.0', 'http://127.0.0.1:11434'],
  ['all addresses, port', 'http://0.0.0.0:8080', 'http://127.0.0.1:8080'],
  ['the hosted one', 'ollama.com', 'https://ollama.com'],
  ['only blanks', '  ', 'http://127.0.0.1:11434'],
  ['only a scheme', 'http://', 'http://127.0.0.1'],
])('reads %s as Ollama does', (_, host, expected) => {
  expect(ollamaBaseUrl(host)).toBe(expected)
})

it.each(['http://bob:hunter2@host', 'bob:hunter2@host', 'hunter2@host:1', 'not an address', 'ftp://host', 'a:b:c'])(
  'refuses %j',
  (host) => {
    expect(() => ollamaBaseUrl(host)).toThrow(expect.objectContaining({ code: 'E_INVALID_ARGUMENT', field: 'baseUrl' }))
    expect(() => ollamaBaseUrl(host)).not.toThrow(/hunter2/)
  },
)
