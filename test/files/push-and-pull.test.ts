import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkFiles, diffFiles, pullFiles, pushFiles, readConfigFiles, writeConfigFiles } from '../../src/files/index.js'
import { type AuthorizeRequest, type ConfigurationManager, createConfigManager, isConfigError } from '../../src/index.js'
import { createTestDatabase, type TestDatabase } from '../support/test-database.js'

let database: TestDatabase
let manager: ConfigurationManager
let folder: string
let project = 0

beforeAll(async () => {
  database = await createTestDatabase()
})
afterAll(() => database?.drop())
beforeEach(() => {
  manager = createConfigManager({ database: database.url, redis: false, listen: false, project: `p${++project}` })
  folder = mkdtempSync(join(tmpdir(), 'agent-config-files-'))
})
afterEach(async () => {
  await manager.shutdown()
  rmSync(folder, { recursive: true, force: true })
})

function write(path: string, text: string, directory = folder): void {
  mkdirSync(dirname(join(directory, path)), { recursive: true })
  writeFileSync(join(directory, path), text)
}
const read = (path: string) => readFileSync(join(folder, path), 'utf8')
const push = (options = {}) => pushFiles(manager, readConfigFiles(folder), options)
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error) => error.code,
  )

describe('push', () => {
  it('writes every kind in one revision, with the label, and a lock; the second push writes nothing', async () => {
    write('prompts/support/triage.prompt', '---\nformat: mustache\n---\nSort {{product}}.\n')
    write('prompts/chat.prompt', '---\nmessages:\n  - role: system\n    content: |-\n      You help {name}.\n---\n')
    write('models/default.yaml', 'provider: ollama\nmodel: llama3\n')
    write('flags/new.yaml', 'value: true\n')
    write('context-rules/payments.yaml', 'important: amounts\n')

    const first = await push({ label: 'production', message: 'All of it', changedBy: 'ada' })
    const second = await push()

    expect(first.written).toHaveLength(5)
    expect(second).toMatchObject({ written: [], unchanged: 5 })
    expect((await manager.getPrompt('support/triage'))?.compile({ product: 'tea' })).toBe('Sort tea.')
    expect(await manager.getFlag('new', false)).toBe(true)
    const changes = await manager.changelog.list({ project: `p${project}` })
    expect(new Set(changes.items.map(({ revision }) => revision))).toEqual(new Set([first.revision]))
    const locked = JSON.parse(read('lock.json'))[String(manager.databaseName)][`p${project}`]
    expect(locked.entities['prompt:support/triage']).toMatchObject({ version: 1 })
  })

  it('is refused when somebody else wrote, and writes none of the other files', async () => {
    write('prompts/a.prompt', '---\n---\none\n')
    write('prompts/b.prompt', '---\n---\none\n')
    await push()
    await manager.prompts.createVersion({ name: 'b', template: 'theirs' })
    write('prompts/a.prompt', '---\n---\ntwo\n')
    write('prompts/b.prompt', '---\n---\nmine\n')
    const lock = read('lock.json')

    const error = await push().catch((caught) => caught)

    expect(isConfigError(error, 'E_FILE_CONFLICT')).toBe(true)
    expect(error).toMatchObject({ conflicts: [{ path: 'prompts/b.prompt', base: 1, stored: 2 }], message: expect.stringContaining('pull') })
    expect((await manager.prompts.find({ name: 'a' }))?.version).toBe(1)
    expect(read('lock.json')).toBe(lock)
  })

  it('says that it was written where the lock cannot be, and the next push writes the lock alone', async () => {
    write('prompts/a.prompt', '---\n---\none\n')
    const place = join(folder, 'lock.json')
    const disturbed = createConfigManager({
      database: database.url,
      redis: false,
      listen: false,
      project: `p${project}`,
      hooks: { afterCommit: () => void mkdirSync(place, { recursive: true }) },
    })

    const error = await pushFiles(disturbed, readConfigFiles(folder)).catch((caught) => caught)
    rmSync(place, { recursive: true })
    const again = await push()
    await disturbed.shutdown()

    expect(isConfigError(error, 'E_INVALID_ARGUMENT')).toBe(true)
    expect(String(error)).toMatch(/revision \d+ was written, and lock\.json was not/)
    expect(again).toMatchObject({ written: [], unchanged: 1 })
    expect(JSON.parse(read('lock.json'))).toBeTruthy()
  })

  it('asks authorize about every version, with who pushes, and writes none after a no', async () => {
    write('prompts/a.prompt', '---\n---\none\n')
    write('context-rules/payments.yaml', 'important: be exact\n')
    const asked: AuthorizeRequest[] = []
    const guarded = createConfigManager({
      database: database.url,
      redis: false,
      listen: false,
      project: `p${project}`,
      protectedLabels: ['production'],
      authorize: (request) => {
        asked.push(request)
        return request.kind !== 'prompt'
      },
    })

    const code = await codeOf(pushFiles(guarded, readConfigFiles(folder), { label: 'production', changedBy: 'ada' }))
    await guarded.shutdown()

    expect(code).toBe('E_FORBIDDEN')
    expect(asked).toMatchObject([
      { action: 'version', kind: 'context_rules', name: 'payments', actor: 'ada', protected: false },
      { action: 'version', kind: 'prompt', name: 'a', actor: 'ada', labels: ['production'], protected: true },
    ])
    expect((await manager.changelog.list({ project: `p${project}` })).items).toEqual([])
    expect(() => read('lock.json')).toThrow()
  })

  it('of two at once lets one win and tells the other', async () => {
    write('prompts/a.prompt', '---\n---\none\n')
    await push()
    const other = mkdtempSync(join(tmpdir(), 'agent-config-other-'))
    write('lock.json', read('lock.json'), other)
    write('prompts/a.prompt', '---\n---\nmine\n')
    write('prompts/a.prompt', '---\n---\ntheirs\n', other)

    const codes = await Promise.all([codeOf(push()), codeOf(pushFiles(manager, readConfigFiles(other)))])

    rmSync(other, { recursive: true })
    expect(codes.toSorted()).toEqual(['E_FILE_CONFLICT', 'none'])
    expect((await manager.prompts.find({ name: 'a' }))?.version).toBe(2)
  })

  it('writes neither a version nor a lock when one of many is refused in the middle', async () => {
    write('flags/a.yaml', 'value: true\n')
    await push()
    const lock = read('lock.json')
    write('prompts/first.prompt', '---\n---\nfirst\n')
    write('flags/a.yaml', 'value: a text now\n')

    expect(await codeOf(push())).toBe('E_INVALID_ARGUMENT')
    expect(await manager.prompts.find({ name: 'first' })).toBeUndefined()
    expect(read('lock.json')).toBe(lock)
  })

  it('compares with the files of a commit where they are given', async () => {
    write('prompts/a.prompt', '---\n---\none\n')
    const first = readConfigFiles(folder)
    await pushFiles(manager, { ...first, lock: {} }, { base: { files: [], problems: [], lock: {} } })
    rmSync(join(folder, 'lock.json'), { force: true })
    write('prompts/a.prompt', '---\n---\ntwo\n')
    const second = readConfigFiles(folder)
    await pushFiles(manager, second, { base: first })
    write('prompts/a.prompt', '---\n---\nthree\n')

    expect(await codeOf(push({ base: first }))).toBe('E_FILE_CONFLICT')
    expect(await push({ base: second })).toMatchObject({ written: [{ version: 3 }] })
  })

  it('is refused while a file has a problem, which has its line and column', async () => {
    write('prompts/a.prompt', '---\nmodle: x\n---\none\n')

    const error = await push().catch((caught) => caught)

    expect(error.code).toBe('E_FILES')
    expect(error.message).toBe('prompts/a.prompt:2:1: modle is not known here: did you mean model?')
  })
})

describe('pull', () => {
  it('then push writes no version, on another machine with other line ends too', async () => {
    await manager.prompts.create({ name: 'a/b.c', template: 'one\r\n---\n\n{x}\n\n', labels: ['production'], parameters: { b: 1, a: [2] } })
    await manager.models.create({ name: 'default', provider: 'ollama', model: 'm', labels: ['production'] })

    const report = await pullFiles(manager, folder)
    for (const { path } of report.written) write(path, read(path).replaceAll('\n', '\r\n'))

    expect(report.written.map(({ path }) => path)).toEqual(['prompts/a/b.c.prompt', 'models/default.yaml'])
    expect(await push()).toMatchObject({ written: [], unchanged: 2 })
    expect(await pullFiles(manager, folder)).toMatchObject({ written: [], unchanged: 2 })
  })

  it('writes the labelled version, and a later push of it is no conflict', async () => {
    await manager.prompts.create({ name: 'a', template: 'live', labels: ['production'] })
    await manager.prompts.createVersion({ name: 'a', template: 'draft' })

    await pullFiles(manager, folder)
    expect(read('prompts/a.prompt')).toBe('---\n---\nlive\n')
    write('prompts/a.prompt', '---\n---\nbetter\n')

    expect(await push()).toMatchObject({ written: [{ version: 3, from: 2 }] })
  })

  it('refuses to overwrite a file that was changed, and writes no other', async () => {
    await manager.prompts.create({ name: 'a', template: 'one', labels: ['production'] })
    await pullFiles(manager, folder)
    write('prompts/a.prompt', '---\n---\nmine\n')
    await manager.prompts.createVersion({ name: 'a', template: 'theirs', labels: ['production'] })
    await manager.prompts.create({ name: 'z', template: 'new', labels: ['production'] })

    const error = await pullFiles(manager, folder).catch((caught) => caught)

    expect(error).toMatchObject({ code: 'E_FILE_CONFLICT', message: expect.stringContaining('prompts/a.prompt') })
    expect(readConfigFiles(folder).files.map(({ name }) => name)).toEqual(['a'])
    await pullFiles(manager, folder, { force: true, prune: true })
    expect(read('prompts/a.prompt')).toBe('---\n---\ntheirs\n')
  })
})

describe('a folder', () => {
  it('is not left by symbolic links, neither for reading nor for writing', () => {
    const outside = mkdtempSync(join(tmpdir(), 'agent-config-outside-'))
    write('secret.prompt', 'top secret', outside)
    mkdirSync(join(folder, 'prompts'))
    symlinkSync(join(outside, 'secret.prompt'), join(folder, 'prompts', 'a.prompt'))
    symlinkSync(outside, join(folder, 'prompts', 'b'))
    const content = { type: 'text', template: 'x', templateFormat: 'raw', description: null, model: null, parameters: {} }

    const set = readConfigFiles(folder)

    expect(set.files).toEqual([])
    expect(set.problems.map(({ path, message }) => `${path} ${message}`)).toEqual([
      'prompts/a.prompt is a symbolic link, which is not followed',
      'prompts/b is a symbolic link, which is not followed',
    ])
    for (const name of ['a', 'b/secret'])
      expect(() => writeConfigFiles(folder, { files: [{ kind: 'prompt', name, content }] })).toThrow(/symbolic link/)
    expect(readFileSync(join(outside, 'secret.prompt'), 'utf8')).toBe('top secret')
    writeConfigFiles(folder, { files: [{ kind: 'prompt', name: '../../up', content }] })
    expect(readConfigFiles(folder).files.map(({ path }) => path)).toEqual(['prompts/%2E%2E/%2E%2E/up.prompt'])
    rmSync(outside, { recursive: true })
  })

  it('is checked without a database: place and reason of everything that is wrong', () => {
    write('prompts/syntax.prompt', '---\n---\nfirst\nHello {name\n')
    write('prompts/variables.prompt', '---\nvariables: { product: string, unused: string }\n---\n{product} {other}\n')
    write('models/m.yaml', 'provider: ollama\n')
    write('embeddings/e.yaml', 'embeddingModel: m\nchunkSize: 10\nchunkOverlap: 10\n')
    write('flags/f.yaml', 'value: [1]\n')
    write('prompst/x.prompt', 'x')

    const { problems } = checkFiles(readConfigFiles(folder))

    expect(problems.map(({ path, line, column }) => `${path}:${line}:${column}`)).toEqual([
      'embeddings/e.yaml:3:1',
      'flags/f.yaml:1:1',
      'models/m.yaml:1:1',
      'prompst:1:1',
      'prompts/syntax.prompt:4:7',
      'prompts/variables.prompt:2:1',
      'prompts/variables.prompt:2:31',
    ])
  })

  it('says by diff what a push would do', async () => {
    write('prompts/a.prompt', '---\n---\none\n')
    expect((await diffFiles(manager, readConfigFiles(folder))).map(({ action }) => action)).toEqual(['create'])
  })
})

describe('a folder of files', () => {
  it('that is pushed to two databases keeps a lock for each: neither disturbs the other', async () => {
    const other = await createTestDatabase()
    const elsewhere = createConfigManager({ database: other.url, redis: false, listen: false, project: `p${project}` })
    write('prompts/a.prompt', '---\n---\none\n')
    await push()
    await pushFiles(elsewhere, readConfigFiles(folder))
    await elsewhere.prompts.createVersion({ name: 'a', template: 'theirs' })

    write('prompts/a.prompt', '---\n---\ntwo\n')
    const here = await push()
    const there = await pushFiles(elsewhere, readConfigFiles(folder)).catch((error) => error)

    expect(here.written).toMatchObject([{ name: 'a', version: 2 }])
    expect(isConfigError(there, 'E_FILE_CONFLICT')).toBe(true)
    expect(Object.keys(JSON.parse(read('lock.json')))).toEqual([String(manager.databaseName), String(elsewhere.databaseName)].sort())
    await elsewhere.shutdown()
    await other.drop()
  })

  it('that cannot be written is named, and nothing of it is changed', async () => {
    await manager.prompts.create({ name: 'a', template: 'one' })
    await manager.flags.create({ name: 'f', value: true })
    // A file where a folder has to be: also a superuser cannot write below it.
    write('prompts', 'no folder')

    const error = await pullFiles(manager, folder).catch((caught) => caught)

    expect(isConfigError(error, 'E_INVALID_ARGUMENT')).toBe(true)
    expect(String(error)).toContain('must be a folder and no symbolic link: prompts')
    expect(read('prompts')).toBe('no folder')
    expect(() => read('flags/f.yaml')).toThrow()
    expect(() => read('lock.json')).toThrow()
  })
})
