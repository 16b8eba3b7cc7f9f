import type { ConfigHandler } from 'agent-config/http'
import { TOKEN } from '../../express-host/start-host.js'

/** What the handler says it can do. */
export async function apiDocument(handler: ConfigHandler): Promise<{ readonly paths: Readonly<Record<string, object>> }> {
  const headers = { authorization: `Bearer ${TOKEN.value}` }
  const response = await handler(new Request('http://127.0.0.1/config/api/openapi.json', { headers }))
  return (await response.json()) as { paths: Record<string, object> }
}
