interface DispatcherLike {
  dispatch(options: object, handler: unknown): boolean
  readonly isMockActive?: unknown
}

/** Where Node's fetch, and every copy of undici from version 5 on, keeps the dispatcher that a host may have replaced. */
const GLOBAL_DISPATCHERS = [Symbol.for('undici.globalDispatcher.1'), Symbol.for('undici.globalDispatcher.2')]

function globalDispatcher(): DispatcherLike | undefined {
  // Node loads its fetch, and with it the dispatcher, when one of its names is first read.
  void globalThis.Response
  const holder = globalThis as { readonly [key: symbol]: DispatcherLike | undefined }
  return GLOBAL_DISPATCHERS.map((key) => holder[key]).find((dispatcher) => dispatcher !== undefined)
}

/** Hands every request on to the host's dispatcher, without the limits that would go before our own timers. */
const PATIENT: DispatcherLike = {
  dispatch: (options, handler) =>
    (globalDispatcher() as DispatcherLike).dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler),
  get isMockActive() {
    return globalDispatcher()?.isMockActive
  },
}

/**
 * What makes Node's own fetch wait as long as our timers say. Without it a model that takes more than 300 seconds to
 * load is given up by undici, and asked again. Elsewhere it is nothing.
 */
export function patience(): object {
  return globalDispatcher() === undefined ? {} : { dispatcher: PATIENT }
}
