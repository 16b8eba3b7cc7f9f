import { bearerTokens, type ConfigHandler, createConfigHandler, roles } from 'agent-config/http'
import { manager } from '#manager'

// The API and the admin page as one route of Next: /config/api and /config/admin.

export const runtime = 'nodejs'
export const dynamic = 'force-dynamic'

let handler: ConfigHandler | undefined

/** Made for the first request: `next build` loads this file too, where no token is set. */
function serve(request: Request): Promise<Response> {
  handler ??= createConfigHandler(manager, {
    authenticate: bearerTokens({ ada: { token: process.env.ADA_TOKEN, can: roles.admin } }),
    onError: (error) => console.error(error),
  })
  return handler(request)
}

export { serve as DELETE, serve as GET, serve as HEAD, serve as OPTIONS, serve as POST }
