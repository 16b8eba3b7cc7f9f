import { bearerTokens, createConfigHandler, roles } from 'agent-config/http'
import { manager } from '../../../manager.js'

// The API and the admin page as one route of Next: /config/api and /config/admin.

export const runtime = 'nodejs'
export const dynamic = 'force-dynamic'

const handler = createConfigHandler(manager, {
  authenticate: bearerTokens({ ada: { token: process.env.ADA_TOKEN, can: roles.admin } }),
  onError: (error) => console.error(error),
})

export { handler as DELETE, handler as GET, handler as HEAD, handler as OPTIONS, handler as POST }
