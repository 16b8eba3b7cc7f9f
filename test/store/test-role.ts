import { randomBytes } from 'node:crypto'
import { afterAll } from 'vitest'
import { runStatement } from '../support/services/template-database.js'
import { testAdminUrl } from '../support/test-database.js'

/** Makes roles that may log in and nothing else; they are dropped after the tests of the file. */
export function useRoles(): (url: string, grants?: (role: string) => string) => Promise<{ readonly role: string; readonly url: string }> {
  const made: { readonly role: string; readonly url: string }[] = []
  afterAll(async () => {
    for (const { role, url } of made) {
      await runStatement(url, `drop owned by ${role}`).catch(() => {})
      await runStatement(testAdminUrl(), `drop role ${role}`)
    }
  })
  return async (url, grants = () => '') => {
    const role = `agent_config_role_${randomBytes(4).toString('hex')}`
    await runStatement(testAdminUrl(), `create role ${role} login`)
    made.push({ role, url })
    await runStatement(url, grants(role))
    const address = new URL(url)
    address.username = role
    return { role, url: address.href }
  }
}
