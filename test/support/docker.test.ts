import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Unavailable } from './services/attempts.js'
import { findEngine } from './services/docker.js'

// No container engine runs where this was written: what stands behind the probe was never seen at work.

let folder: string
let engine: Server
const calls: string[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agent-config-docker-'))
  calls.length = 0
  engine = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`)
    if (request.url === '/_ping') response.end('OK')
    else response.writeHead(404).end('{"message":"no such container"}')
  })
  engine.listen(join(folder, 'engine.sock'))
  await once(engine, 'listening')
})

afterEach(() => {
  vi.unstubAllEnvs()
  engine.close()
  rmSync(folder, { recursive: true })
})

it('finds the engine that DOCKER_HOST names, and reports its refusals', async () => {
  vi.stubEnv('DOCKER_HOST', `unix://${join(folder, 'engine.sock')}`)

  const found = await findEngine()

  await expect(found.call('POST', '/containers/abc/pause')).rejects.toThrow('404 {"message":"no such container"}')
  expect(calls).toEqual(['GET /_ping', 'POST /containers/abc/pause'])
})

it('says which place did not answer', async () => {
  vi.stubEnv('DOCKER_HOST', `unix://${join(folder, 'nobody.sock')}`)

  const search = findEngine()

  await expect(search).rejects.toBeInstanceOf(Unavailable)
  await expect(search).rejects.toThrow('nobody.sock')
})
