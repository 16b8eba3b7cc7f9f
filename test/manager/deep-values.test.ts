import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'
import { testRedisUrl, uniqueNamespace } from '../support/test-redis.js'
import { useManagers } from './managers.js'
import { runSql } from './run-sql.js'

let database: TestDatabase
const start = useManagers()

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database.drop())

/** Deeper than our stack, and not deeper than PostgreSQL's own reads can go. */
const DEPTH = 9_000

it.each([
  ['with Redis', () => ({ redis: testRedisUrl(), namespace: uniqueNamespace() })],
  ['without Redis', () => ({})],
])('a value of any depth that plain SQL stored is read like any other, %s', async (project, options) => {
  const shared = { database: database.url, project: project.replaceAll(' ', '-'), ...options() }
  const [writer, reader] = await Promise.all([start(shared), start(shared)])
  await writer.prompts.create({ name: 'deep', template: 'one', labels: ['production'] })
  await writer.prompts.create({ name: 'flat', template: 'one', labels: ['production'] })
  const deep = `'{"a":' || repeat('[', ${DEPTH}) || repeat(']', ${DEPTH}) || '}'`
  await runSql(
    database.url,
    `set max_stack_depth = '7MB';
     insert into agent_config.prompts (project, name, version, type, template, template_format, parameters)
     select project, name, 2, type, 'two', template_format, (${deep})::jsonb
     from agent_config.prompts where project = '${shared.project}' and name = 'deep';
     update agent_config.prompt_labels set version = 2 where project = '${shared.project}' and name = 'deep'`,
  )

  for (const manager of [writer, reader]) {
    await manager.catchUp()
    const prompt = await manager.getPrompt('deep')
    expect(prompt?.template).toBe('two')
    const { a } = (prompt?.parameters ?? {}) as { a?: unknown[] }
    expect(Object.isFrozen(a?.[0])).toBe(true)
    expect((await manager.getPrompt('flat'))?.template).toBe('one')
  }
})
