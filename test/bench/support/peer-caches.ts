import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { installPeers } from './peers.js'

/** Another cache, behind what all of them can do. */
export interface PeerCache {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<unknown>
  /** Empties the memory and keeps Redis. */
  forget(): unknown
  close(): Promise<unknown>
}

export type PeerName = 'bentocache' | 'cacheable' | 'cache-manager'

export interface PeerCaches {
  twoTiers(redisUrl: string, prefix: string): Record<PeerName, PeerCache>
  redisAlone(redisUrl: string, prefix: string): Record<PeerName, PeerCache>
}

export async function loadPeerCaches(): Promise<PeerCaches> {
  const file = join(installPeers('cache'), 'caches.js')
  return (await import(pathToFileURL(file).href)) as PeerCaches
}
