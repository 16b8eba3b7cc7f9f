import { serve } from '@hono/node-server'
import { Hono } from 'hono'

// What the handler stands beside in Hono: one route that returns bytes it was given, and knows nothing else.
//   PORT=… BODY=… HEADERS={…} node --import tsx bare-hono.ts

const { PORT, BODY = '', HEADERS = '{}' } = process.env
const headers: Record<string, string> = JSON.parse(HEADERS)

const app = new Hono()
app.get('/config/api/prompts/:name', (context) => context.body(BODY, 200, headers))
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(PORT) })
