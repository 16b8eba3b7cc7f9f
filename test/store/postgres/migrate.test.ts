import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MIGRATIONS } from '../../../migrations/index.js'
import { migrateToLatest, migrationSql } from '../../../src/migrations.js'
import { MigrationError } from '../../../src/shared/errors.js'
import { builtProgram } from '../../support/built-program.js'
import { createEmptyDatabase, type TestDatabase } from '../../support/test-database.js'
import { caught, repositoriesOn } from '../fixture.js'

const NAMES = Object.keys(MIGRATIONS)
const ODD_SCHEMAS = [
  'with space',
  'quote"d',
  "apo'strophe",
  'Upper',
  'ünï-日本語-🚀',
  '$body$',
  'do$$llar$body',
  'back\\slash',
  'q\'\\"$body$',
  'select',
  '1.2',
  'x'.repeat(63),
]

let database: TestDatabase
let pool: pg.Pool

beforeAll(async () => {
  database = await createEmptyDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => {})
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

describe('migrateToLatest', () => {
  it('applies every migration to an empty database, and nothing the second time', async () => {
    const first = await migrateToLatest(database.url, { schema: 'fresh' })
    const second = await migrateToLatest(pool, { schema: 'fresh' })

    expect(first).toEqual({ schema: 'fresh', applied: NAMES, already: [] })
    expect(second).toEqual({ schema: 'fresh', applied: [], already: NAMES })
    expect(await pool.query('select 1')).toMatchObject({ rowCount: 1 })
  })

  it('applies each migration once when twelve migrators start at once', async () => {
    const reports = await Promise.all(Array.from({ length: 12 }, () => migrateToLatest(database.url, { schema: 'twelve' })))

    expect(reports.flatMap((report) => report.applied)).toEqual(NAMES)
    const { rows } = await pool.query('select name from twelve.config_migrations order by name')
    expect(rows.map((row) => row.name)).toEqual(NAMES)
  })

  it.each(ODD_SCHEMAS)('works in the schema %s, and writes, plain SQL edits and reads after it', async (schema) => {
    await migrateToLatest(pool, { schema })
    const { prompts } = repositoriesOn(pool, { schema, project: 'odd' })

    await prompts.create({ name: 'a', template: 'one', labels: ['production'] })
    await pool.query(`update ${pg.escapeIdentifier(schema)}.prompts set is_active = false`)
    await prompts.activate({ name: 'a', version: 1 })

    expect((await prompts.find({ name: 'a', label: 'production' }))?.template).toBe('one')
    expect((await prompts.history({ name: 'a' })).map((change) => change.changeType)).toEqual(['activate', 'sql', 'create'])
  })

  it('keeps two schemas of one database apart', async () => {
    await migrateToLatest(pool, { schema: 'one' })
    await migrateToLatest(pool, { schema: 'two' })
    const one = repositoriesOn(pool, { schema: 'one', project: 'p' })
    const two = repositoriesOn(pool, { schema: 'two', project: 'p' })

    await one.prompts.create({ name: 'a', template: 'one' })
    const first = await two.prompts.create({ name: 'a', template: 'two' })

    expect(first.revision).toBe(1)
    expect((await one.prompts.find({ name: 'a' }))?.template).toBe('one')
    const { rows } = await pool.query(
      'select one.notify_channel() as a, two.notify_channel() as b, (select database from one.config_state) as c, (select database from two.config_state) as d',
    )
    expect(rows[0].a).not.toBe(rows[0].b)
    expect(rows[0].c).not.toBe(rows[0].d)
  })

  it.each(['', 'x'.repeat(64), 'pg_mine', 'nu\0l', 'half \ud83d', 7 as never])('refuses the schema name %j', async (schema) => {
    expect(await caught(() => migrateToLatest(database.url, { schema }))).toMatchObject({ code: 'E_INVALID_ARGUMENT', field: 'schema' })
    expect(await caught(() => migrationSql({ schema }))).toMatchObject({ field: 'schema' })
  })

  it('refuses a database that newer code migrated in a breaking way, and says what to do', async () => {
    await migrateToLatest(pool, { schema: 'newer' })
    await pool.query(`insert into newer.config_migrations (name, breaking) values ('0099_other_shape', true)`)

    const error = await caught(() => migrateToLatest(pool, { schema: 'newer' }))

    expect(error).toBeInstanceOf(MigrationError)
    expect(error.message).toMatch(/"newer".*0099_other_shape.*Update the package/)
  })

  it('works with a database that newer code migrated without breaking older code', async () => {
    await migrateToLatest(pool, { schema: 'added' })
    await pool.query(`insert into added.config_migrations (name, breaking) values ('0099_one_more_column', false)`)

    const report = await migrateToLatest(pool, { schema: 'added' })

    expect(report).toEqual({ schema: 'added', applied: [], already: NAMES })
  })

  it('changes nothing when a migration fails', async () => {
    await pool.query('create schema taken; create table taken.prompts (id integer)')

    const error = await caught(() => migrateToLatest(pool, { schema: 'taken' }))

    expect(error).toMatchObject({ code: 'E_MIGRATION', message: expect.stringContaining('changed nothing') })
    const { rows } = await pool.query(`select table_name from information_schema.tables where table_schema = 'taken'`)
    expect(rows).toEqual([{ table_name: 'prompts' }])
  })

  it("takes a host's Kysely with CamelCasePlugin, and leaves it open", async () => {
    const host = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] })

    await migrateToLatest(host, { schema: 'camel' })

    const { prompts, changelog } = repositoriesOn(host, { schema: 'camel', project: 'p' })
    await prompts.create({ name: 'a', template: 'x', parameters: { top_k: 1, topP: { deep_key: 2 } }, labels: ['production'] })
    expect((await prompts.find({ name: 'a' }))?.parameters).toEqual({ top_k: 1, topP: { deep_key: 2 } })
    expect((await changelog.list()).items[0]?.newData).toMatchObject({ parameters: { top_k: 1, topP: { deep_key: 2 } } })
  })
})

describe('migrationSql', () => {
  it.each(['agent_config', `q'\\"$body$ x`])(
    'makes the same database as migrateToLatest when a client runs it, in the schema %s',
    async (schema) => {
      const other = await createEmptyDatabase()
      const client = new pg.Client({ connectionString: other.url })
      await client.connect()
      try {
        await client.query(migrationSql({ schema }))
        await migrateToLatest(pool, { schema })

        expect(await shapeOf(client, schema)).toEqual(await shapeOf(pool, schema))
        expect(await migrateToLatest(other.url, { schema })).toEqual({ schema, applied: [], already: NAMES })
      } finally {
        await client.end()
        await other.drop()
      }
    },
  )
})

describe('a database without tables', () => {
  it('is a MigrationError that says what to run, for reads, writes and the changelog', async () => {
    const { prompts, changelog } = repositoriesOn(pool, { schema: 'nowhere' })

    const errors = await Promise.all([
      caught(() => prompts.find({ name: 'a' })),
      caught(() => prompts.create({ name: 'a', template: 'x' })),
      caught(() => changelog.list()),
    ])

    for (const error of errors) {
      expect(error).toBeInstanceOf(MigrationError)
      expect(error.message).toMatch(/"nowhere".*npx agent-config migrate/)
    }
  })
})

describe('agent-config migrate', () => {
  it('migrates the database of DATABASE_URL into the schema of DATABASE_SCHEMA, and says so', async () => {
    const env = { DATABASE_URL: database.url, DATABASE_SCHEMA: 'by cli' }

    const first = await run(['migrate'], env)
    const second = await run(['migrate', '--schema', 'by cli', '--database', database.url])

    expect(first).toEqual({ code: 0, stdout: `schema "by cli": applied ${NAMES.join(', ')}\n`, stderr: '' })
    expect(second).toEqual({ code: 0, stdout: 'schema "by cli": nothing to do\n', stderr: '' })
  })

  it('prints the statements with --sql, and needs no database for it', async () => {
    const { code, stdout } = await run(['migrate', '--sql', '--schema', 'mine'])

    expect(code).toBe(0)
    expect(stdout).toBe(migrationSql({ schema: 'mine' }))
  })

  it('prints with --sql what is left to run in the database that is named, which then runs there', async () => {
    const schema = 'at_the_first'
    await pool.query(
      migrationSql({ schema, applied: NAMES.slice(1) }).replace('begin;', `begin; create schema ${schema}; ${LEDGER(schema)}`),
    )

    const { stdout } = await run(['migrate', '--sql', '--schema', schema], { DATABASE_URL: database.url })
    const before = await run(['migrate', '--status', '--schema', schema], { DATABASE_URL: database.url })
    await pool.query(stdout)
    const after = await run(['migrate', '--status', '--schema', schema], { DATABASE_URL: database.url })
    const rest = await run(['migrate', '--sql', '--schema', schema], { DATABASE_URL: database.url })

    expect(stdout).toBe(migrationSql({ schema, applied: [NAMES[0] as string] }))
    expect(before).toMatchObject({
      code: 2,
      stdout: `schema "${schema}"\n  ${NAMES[0]}  applied\n${NAMES.slice(1)
        .map((name) => `  ${name}  pending\n`)
        .join('')}`,
    })
    expect(after).toMatchObject({ code: 0, stdout: expect.not.stringContaining('pending') })
    expect(rest.stdout).toBe('-- nothing to do\n')
  })

  it('tells with --status of what newer code did, and leaves the database as it is', async () => {
    await migrateToLatest(pool, { schema: 'told' })
    await pool.query(`insert into told.config_migrations (name, breaking) values ('0099_one_more_column', false)`)

    const told = await run(['migrate', '--status', '--schema', 'told'], { DATABASE_URL: database.url })
    const none = await run(['migrate', '--status', '--schema', 'untouched'], { DATABASE_URL: database.url })

    expect(told).toMatchObject({ code: 0, stdout: expect.stringContaining('0099_one_more_column  applied by a newer version') })
    expect(none).toMatchObject({ code: 2, stdout: expect.stringContaining(`${NAMES[0]}  pending`) })
    expect(await pool.query(`select 1 from pg_namespace where nspname = 'untouched'`)).toMatchObject({ rowCount: 0 })
  })

  it('ends with 1 and says why: no database, an unknown option, an option without its value, an unreachable server, an unknown command', async () => {
    const failures = await Promise.all([
      run(['migrate']),
      run(['migrate', '--shcema', 'mine'], { DATABASE_URL: database.url }),
      run(['migrate', '--schema'], { DATABASE_URL: database.url }),
      run(['migrate'], { DATABASE_URL: 'postgresql://me:s3cr3t@127.0.0.1:9/none' }),
      run(['upgrade']),
    ])

    expect(failures.map((failure) => failure.code)).toEqual([1, 1, 1, 1, 1])
    const said = failures.map((failure) => failure.stderr)
    expect(said[0]).toContain('DATABASE_URL')
    expect(said[1]).toContain('--shcema')
    expect(said[2]).toContain('--schema')
    expect(said[3]).toContain('cannot be reached')
    expect(said[4]).toContain('agent-config migrate')
    expect(said.join()).not.toContain('s3cr3t')
  })
})

const LEDGER = (schema: string) =>
  `create table ${schema}.config_migrations (name text primary key, breaking boolean not null, applied_at timestamptz not null default now());`

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const { NODE_OPTIONS: _, DATABASE_URL: __, DATABASE_SCHEMA: ___, ...inherited } = process.env
  const cli = builtProgram(new URL('../../../src/cli.ts', import.meta.url))
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [cli, ...args], {
      env: { ...inherited, ...env },
    })
    return { code: 0, stdout, stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, stdout, stderr }
  }
}

/** Everything the catalogs know of a schema. */
async function shapeOf(db: Pick<pg.Client, 'query'>, schema: string) {
  const { rows } = await db.query(
    `select kind, name, definition from (
      select 'column' as kind, table_name || '.' || column_name as name,
        concat_ws(' ', ordinal_position, data_type, character_maximum_length, is_nullable, column_default, is_identity) as definition
        from information_schema.columns where table_schema = $1
      union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(c.oid)
        from pg_constraint c join pg_namespace n on n.oid = c.connamespace where nspname = $1
      union all select 'index', indexname, indexdef from pg_indexes where schemaname = $1
      union all select 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(t.oid) from pg_trigger t
        join pg_class r on r.oid = t.tgrelid join pg_namespace n on n.oid = r.relnamespace where nspname = $1 and not tgisinternal
      union all select 'function', proname, pg_get_functiondef(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where nspname = $1
    ) as everything order by kind, name`,
    [schema],
  )
  expect(rows.length).toBeGreaterThan(100)
  return rows
}
