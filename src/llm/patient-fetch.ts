interface DispatcherLike {
  dispatch(options: object, handler: unknown): boolean
}

/** Where Node's fetch, and copies of undici beside it, keep the dispatcher that a host may have replaced. */
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1')

/**
 * What makes Node's own fetch wait as long as our timers say: the host's dispatcher, without its own limits. With them a
 * model that takes more than 300 seconds to load is given up by undici, and asked again. Elsewhere it is nothing.
 */
export function patience(): object | undefined {
  // Node loads its fetch, and with it the dispatcher, when one of its names is first read.
  void globalThis.Response
  const real = (globalThis as { readonly [key: symbol]: DispatcherLike | undefined })[GLOBAL_DISPATCHER]
  if (real === undefined) return undefined
  const dispatch = (options: object, handler: unknown): boolean => real.dispatch({ ...options, headersTimeout: 0, bodyTimeout: 0 }, handler)
  return { dispatcher: Object.create(real, { dispatch: { value: dispatch } }) }
}
