import type { Kysely } from 'kysely'
import type pg from 'pg'
import { expectTypeOf, it } from 'vitest'
import type {
  ChangelogRepository,
  ChatMessage,
  ChatMessageTemplate,
  ConfigChange,
  ContentDiff,
  ContextRule,
  ContextRuleRepository,
  EmbeddingConfig,
  EmbeddingConfigRepository,
  ModelConfig,
  ModelConfigRepository,
  Page,
  Prompt,
  PromptRepository,
  RepositoryDatabase,
  Written,
} from '../../src/index.js'
import type { MigrationReport, migrateToLatest, migrationSql } from '../../src/migrations.js'

it('gives each verb of the labelled kinds the entity it is about, with the facts of the write', () => {
  expectTypeOf<PromptRepository['create']>().returns.resolves.toEqualTypeOf<Written<Prompt>>()
  expectTypeOf<PromptRepository['createVersion']>().returns.resolves.toEqualTypeOf<Written<Prompt>>()
  expectTypeOf<PromptRepository['promote']>().returns.resolves.toEqualTypeOf<Written<Prompt>>()
  expectTypeOf<PromptRepository['rollback']>().returns.resolves.toEqualTypeOf<Written<Prompt>>()
  expectTypeOf<PromptRepository['activate']>().returns.resolves.toEqualTypeOf<Written<Prompt>>()
  expectTypeOf<PromptRepository['deactivate']>().returns.resolves.toMatchTypeOf<{ deactivated: number; revision: number }>()
  expectTypeOf<PromptRepository['find']>().returns.resolves.toEqualTypeOf<Prompt | undefined>()
  expectTypeOf<PromptRepository['list']>().returns.resolves.toEqualTypeOf<Page<Prompt>>()
  expectTypeOf<PromptRepository['history']>().returns.resolves.toEqualTypeOf<readonly ConfigChange[]>()
  expectTypeOf<PromptRepository['diff']>().returns.resolves.toEqualTypeOf<ContentDiff>()
  expectTypeOf<ModelConfigRepository['promote']>().returns.resolves.toEqualTypeOf<Written<ModelConfig>>()
  expectTypeOf<EmbeddingConfigRepository['promote']>().returns.resolves.toEqualTypeOf<Written<EmbeddingConfig>>()
  expectTypeOf<ContextRuleRepository['createVersion']>().returns.resolves.toEqualTypeOf<Written<ContextRule>>()
  expectTypeOf<ChangelogRepository['list']>().returns.resolves.toEqualTypeOf<Page<ConfigChange>>()
})

it('makes no label and no rollback available for context rules', () => {
  expectTypeOf<ContextRuleRepository>().not.toHaveProperty('promote')
  expectTypeOf<ContextRuleRepository>().not.toHaveProperty('rollback')
})

it('asks for what each kind needs, and for nothing more', () => {
  expectTypeOf<{ name: string; template: string }>().toExtend<Parameters<PromptRepository['create']>[0]>()
  expectTypeOf<{ name: string }>().not.toExtend<Parameters<PromptRepository['create']>[0]>()
  expectTypeOf<{ name: string; provider: string; model: string }>().toExtend<Parameters<ModelConfigRepository['create']>[0]>()
  expectTypeOf<{ name: string; model: string }>().not.toExtend<Parameters<ModelConfigRepository['create']>[0]>()
  expectTypeOf<{ name: string; embeddingModel: string }>().toExtend<Parameters<EmbeddingConfigRepository['create']>[0]>()
  expectTypeOf<{ context: string }>().toExtend<Parameters<ContextRuleRepository['create']>[0]>()
  expectTypeOf<{ name: string; version: string }>().not.toExtend<Parameters<PromptRepository['promote']>[0]>()
  expectTypeOf<{ name: string; version: number; changedBy: string; summary: string }>().toExtend<
    Parameters<PromptRepository['promote']>[0]
  >()
})

it('knows answers that cannot be changed', () => {
  expectTypeOf<Prompt['template']>().toEqualTypeOf<string | readonly ChatMessageTemplate[]>()
  expectTypeOf<ReturnType<Prompt['compile']>>().toEqualTypeOf<string | ChatMessage[]>()
  expectTypeOf<Prompt['labels']>().toEqualTypeOf<readonly string[]>()
  expectTypeOf<Written<Prompt>['propagated']>().toEqualTypeOf<boolean | undefined>()
  expectTypeOf<Written<Prompt>['revision']>().toEqualTypeOf<number>()
  expectTypeOf<ContextRule['important']>().toEqualTypeOf<string | null>()
})

it('takes an address, a pool of pg, and an instance or a transaction of Kysely', () => {
  expectTypeOf<string>().toExtend<RepositoryDatabase>()
  expectTypeOf<pg.Pool>().toExtend<RepositoryDatabase>()
  expectTypeOf<Kysely<{ host: { id: number } }>>().toExtend<RepositoryDatabase>()
  expectTypeOf<number>().not.toExtend<RepositoryDatabase>()
  expectTypeOf<typeof migrateToLatest>().returns.resolves.toEqualTypeOf<MigrationReport>()
  expectTypeOf<typeof migrationSql>().returns.toEqualTypeOf<string>()
})
