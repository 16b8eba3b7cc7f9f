interface DispatcherLike {
  dispatch(options: object, handler: unknown): boolean
}

/** Where Node's fetch, and copies of undici beside it, keep the dispatcher that a host may have replaced. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1')

/**
 * The host's dispatcher without its own time limits, for Node's fetch: this client's timers decide alone. By its own limits undici gives
 * up after 300 seconds, which loading a large model may take, and the request would be sent again. `undefined` outside of Node.
 */
export function patience(): object | undefined {
  // Node loads its fetch, and with it the dispatcher, when one of its names is first read.
  void globalThis.Response
  const real = (globalThis as { readonly [key: symbol]: DispatcherLike | undefined })[GLOBAL_DISPATCHER]
  if (real === undefined) return undefined
  const dispatch = (options: object, handler: unknown): boolean => real.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler)
  return { dispatcher: Object.create(real, { dispatch: { value: dispatch } }) }
}
