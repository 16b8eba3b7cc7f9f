import cluster from 'node:cluster'
import express from 'express'

// What the host stands beside: one route of Express that returns bytes it was given, and knows nothing else.
//   PORT=… WORKERS=… BODY=… node --import tsx bare-express.ts

const { PORT, WORKERS = '1', BODY = '' } = process.env

if (cluster.isPrimary && Number(WORKERS) > 1) {
  for (let worker = 0; worker < Number(WORKERS); worker++) cluster.fork()
} else {
  const app = express()
  app.get('/api/config/prompts/:name', (_request, response) => void response.type('json').send(BODY))
  app.listen(Number(PORT), '127.0.0.1')
}
