import pg from 'pg'
import { expect, it } from 'vitest'
import { repositoriesOn, useStore } from '../fixture.js'

const store = useStore()

it.each(['SQL, DMY', 'Postgres, MDY', 'German'])('gives and takes the right moments in a session whose DateStyle is %s', async (style) => {
  const pool = new pg.Pool({ connectionString: store.url, options: `-c DateStyle=${style.replaceAll(' ', '')} -c TimeZone=Asia/Kolkata` })
  const { prompts, models, contextRules, changelog } = repositoriesOn(pool)
  const before = Date.now() - 60_000

  const written = [
    await prompts.create({ name: 'dated', template: 'a' }),
    await models.create({ name: 'dated', provider: 'ollama', model: 'llama3' }),
    await contextRules.create({ context: 'dated', important: 'names' }),
  ]
  const { items } = await changelog.list({ since: new Date(before), limit: 3 })
  const none = await changelog.list({ since: new Date(Date.now() + 60_000) })
  await pool.end()

  const moments = [...written.map(({ createdAt }) => createdAt), ...items.map(({ changedAt }) => changedAt)]
  expect(moments).toHaveLength(6)
  for (const moment of moments) expect(Math.abs(Date.parse(moment) - before)).toBeLessThan(120_000)
  expect(none.items).toEqual([])
})
