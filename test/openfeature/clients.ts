import { OpenFeature, type OpenFeatureAPI, ProviderEvents } from '@openfeature/server-sdk'
import { afterEach } from 'vitest'
import type { AgentConfigProvider } from '../../src/openfeature/index.js'

let count = 0

/** Clients of the OpenFeature SDK, each of a domain of its own; all providers are closed after each test. */
export function useClients(api: OpenFeatureAPI = OpenFeature) {
  afterEach(async () => {
    await api.close()
    await api.clearProviders()
    api.clearHandlers()
  })

  /** Sets the provider as hosts do, and waits for it; `failure` is what that rejected with. */
  return async (provider: AgentConfigProvider) => {
    const domain = `domain-${++count}`
    const client = api.getClient(domain)
    const events: { readonly name: string; readonly flagsChanged?: readonly string[] | undefined }[] = []
    for (const name of Object.values(ProviderEvents)) {
      client.addHandler(name, (details) => {
        const flagsChanged = (details as { flagsChanged?: readonly string[] } | undefined)?.flagsChanged
        events.push({ name, ...(flagsChanged && { flagsChanged }) })
      })
    }
    // The client says at once what it has without a provider.
    await Promise.resolve()
    events.length = 0
    const failure = await api.setProviderAndWait(domain, provider).then(
      () => undefined,
      (error: Error) => error,
    )
    return { domain, client, events, failure, names: () => events.map(({ name }) => name) }
  }
}
