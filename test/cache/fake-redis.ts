import type { StampedDocument, StoredValue } from '../../src/cache/held/stamped-document.js'
import { stampOf } from '../../src/cache/held/stamped-document.js'
import type { RedisTier } from '../../src/cache/redis/redis-tier.js'
import type { Scope } from '../../src/entities/scope.js'

/** The shared tier as a map, with the script's rule for what replaces what. */
export class FakeRedis {
  readonly documents = new Map<Scope, StampedDocument>()
  readonly asked: Scope[] = []
  gate: Promise<void> | undefined

  readonly get = async (scope: Scope): Promise<StoredValue | undefined> => {
    this.asked.push(scope)
    const found = this.documents.get(scope)
    await this.gate
    return found && { document: found, stamp: stampOf(found) }
  }

  readonly redisMs = 250
  /** Who loads what Redis lacks; `undefined`: everybody for himself. */
  leases: Set<Scope> | undefined

  readonly mayLoad = async (scope: Scope): Promise<boolean> => {
    if (this.leases?.has(scope)) return false
    this.leases?.add(scope)
    return true
  }

  readonly getMany = async (scopes: readonly Scope[]): Promise<ReadonlyMap<Scope, StoredValue>> => {
    const values = await Promise.all(scopes.map(async (scope) => [scope, await this.get(scope)] as const))
    return new Map(values.flatMap(([scope, value]) => (value ? [[scope, value]] : [])))
  }

  readonly inspect = async (scopes: readonly Scope[]): Promise<ReadonlyMap<Scope, StampedDocument>> =>
    new Map([...this.documents].filter(([scope]) => scopes.includes(scope)))

  readonly put = async (stored: readonly { document: StampedDocument; refusedStamp?: string | undefined }[]): Promise<void> => {
    for (const { document, refusedStamp } of stored) {
      const held = this.documents.get(document.scope)
      if (!held || held.asOf <= document.asOf || stampOf(held) === refusedStamp) this.documents.set(document.scope, document)
    }
  }

  /** What `DocumentCache` needs of a `RedisTier`. */
  get tier(): RedisTier {
    return this as unknown as RedisTier
  }
}
