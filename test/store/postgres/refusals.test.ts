import { afterEach, expect, it } from 'vitest'
import { runStatement } from '../../support/services/template-database.js'
import { caught, repositoriesOn, useStore } from '../fixture.js'
import { useRoles } from '../test-role.js'

const store = useStore()
const roleOn = useRoles()

afterEach(async () => {
  await runStatement(store.url, 'drop function if exists public.object() cascade; drop function if exists public.raise_code() cascade')
})

it.each([
  ['53100', 'disk', false],
  ['53200', 'memory', true],
  ['53400', 'memory', true],
  ['40001', 'conflict', true],
  ['40P01', 'conflict', true],
  ['54001', 'limit', false],
  ['58030', 'server', false],
  ['XX001', 'server', false],
  ['57014', 'timeout', true],
  ['55P03', 'lock', true],
] as const)('says of %s that nothing was written, why, and whether to try again', async (code, reason, retryable) => {
  await runStatement(
    store.url,
    `create function public.raise_code() returns trigger language plpgsql as $$ begin raise exception 'as the test wants' using errcode = '${code}'; end $$;
     create trigger raise_code before insert on agent_config.prompts for each row execute function public.raise_code()`,
  )
  const { prompts } = store.repositories()

  const error = await caught(() => prompts.create({ name: 'a', template: 'x' }))

  expect(error).toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'none', reason, retryable, cause: { code } })
  expect(error.message).toMatch(/as the test wants\. .+/)
})

it('says that a trigger of the host’s objects, and keeps its error as the cause', async () => {
  await runStatement(
    store.url,
    `create function public.object() returns trigger language plpgsql as $$ begin raise exception 'freeze week: no new prompts'; end $$;
     create trigger object before insert on agent_config.prompts for each row execute function public.object()`,
  )
  const { prompts, project } = store.repositories()

  const error = await caught(() => prompts.create({ name: 'a', template: 'x' }))

  expect(error).toMatchObject({ code: 'E_STORE_UNAVAILABLE', reason: 'refused', retryable: false, outcome: 'none' })
  expect(error.cause).toMatchObject({ code: 'P0001', message: 'freeze week: no new prompts' })
  expect(error.message).toContain('freeze week')
  expect(await store.sql('select 1 from agent_config.config_changelog where project = $1', [project])).toEqual([])
})

it('says that the role lacks a right', async () => {
  const { url } = await roleOn(
    store.url,
    (role) => `grant usage on schema agent_config to ${role}; grant select on all tables in schema agent_config to ${role}`,
  )
  const { prompts } = repositoriesOn(url)

  const error = await caught(() => prompts.create({ name: 'a', template: 'x' }))

  expect(error).toMatchObject({ code: 'E_STORE_UNAVAILABLE', reason: 'permission', retryable: false, outcome: 'none' })
})
