import type { ConfigHandler } from 'agent-config/http'
import type { Express } from 'express'
import { apiDocument } from './api-document.js'

const LATER = /\/(activate|remove-label|preview|run)$|^\/(kinds|flags|tools)/

/** The API without what came later: neither in its document nor when it is called. */
export function asOlderApi(app: Express, base: string, handler: ConfigHandler): void {
  app.get(`${base}/openapi.json`, async (_request, response) => {
    const { paths, ...document } = await apiDocument(handler)
    response.json({ ...document, paths: Object.fromEntries(Object.entries(paths).filter(([path]) => !LATER.test(path))) })
  })
  app.use(base, (request, response, next) => {
    if (LATER.test(request.path)) response.status(404).json({ title: 'Not found', detail: 'There is no such call.' })
    else next()
  })
}
