import { withDeadline } from '../../shared/deadline.js'
import { isCrowded } from './pool.js'

export interface NotifyClient {
  readonly processID: number | null
  connect(): Promise<unknown>
  query(text: string): Promise<{ rows: { pid: number }[] }>
  end(): Promise<void>
  on(event: 'notification', listener: (message: { payload?: string | undefined }) => void): unknown
  on(event: 'error' | 'end', listener: () => void): unknown
  removeAllListeners(): unknown
  /** The parts of pg's client that lead to its socket. */
  readonly connection?: { readonly stream?: { destroy(): unknown } }
}

export interface NotifyBusOptions {
  readonly channel: string
  /** `auto`: only when this is PostgreSQL itself. Behind a pooler LISTEN gets no notifications: they reach other clients of the pooler. */
  readonly mode: 'auto' | true
  readonly databaseMs: number
  readonly onMessage: (text: string) => void
  /** LISTEN has begun: notifications from before it were missed. */
  readonly onListening: () => void
}

const WATCH_EVERY_MS = 5_000
const REOPEN_MS = 1_000
/** Pause between two attempts while the server has no free connection: each attempt could take one that a read needs. */
const CROWDED_MS = 30_000
const GOODBYE_MS = 500

/** Hears what writers NOTIFY, on one connection of its own. Comes back by itself. */
export class NotifyBus {
  readonly #connect: () => NotifyClient
  readonly #options: NotifyBusOptions
  #client: NotifyClient | undefined
  #isListening = false
  #isPooled = false
  #closed = false
  #timer: NodeJS.Timeout | undefined

  constructor(connect: () => NotifyClient, options: NotifyBusOptions) {
    this.#connect = connect
    this.#options = options
  }

  get isListening(): boolean {
    return this.#isListening
  }

  /** Whether there is a pooler in between, so that `auto` keeps LISTEN off. */
  get isPooled(): boolean {
    return this.#isPooled
  }

  /** Resolves when the first attempt succeeded or failed; further attempts go on in the background. */
  async open(): Promise<void> {
    const client = this.#connect()
    this.#client = client
    client.on('error', () => void this.#lost(client))
    client.on('end', () => void this.#lost(client))
    client.on('notification', ({ payload }) => {
      if (payload) this.#options.onMessage(payload)
    })
    try {
      await client.connect()
      const { rows } = await client.query('select pg_backend_pid() as pid')
      if (this.#options.mode === 'auto' && rows[0]?.pid !== client.processID) {
        this.#isPooled = true
        await this.close()
        return
      }
      await client.query(`listen "${this.#options.channel}"`)
    } catch (error) {
      void this.#lost(client, isCrowded(error) ? CROWDED_MS : REOPEN_MS)
      return
    }
    if (this.#closed || this.#client !== client) return
    this.#isListening = true
    this.#timer = setTimeout(() => this.#watch(client), WATCH_EVERY_MS)
    this.#timer.unref()
    this.#options.onListening()
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#isListening = false
    clearTimeout(this.#timer)
    await this.#drop(this.#client)
  }

  // A connection that is lost without a packet raises no event; a query that gets no answer shows it.
  #watch(client: NotifyClient): void {
    client.query('select 1 as pid').then(
      () => {
        if (this.#client !== client || this.#closed) return
        this.#timer = setTimeout(() => this.#watch(client), WATCH_EVERY_MS)
        this.#timer.unref()
      },
      () => void this.#lost(client),
    )
  }

  /**
   * Closes its connection so that reads and writes can have it; the poll finds what is announced meanwhile.
   *
   * @returns whether it had a connection
   */
  async giveWay(): Promise<boolean> {
    const client = this.#client
    if (!client || this.#closed) return false
    await this.#lost(client, CROWDED_MS)
    return true
  }

  async #lost(client: NotifyClient, reopenMs = REOPEN_MS): Promise<void> {
    if (this.#client !== client) return
    this.#client = undefined
    this.#isListening = false
    clearTimeout(this.#timer)
    if (!this.#closed) {
      this.#timer = setTimeout(() => void this.open(), reopenMs)
      this.#timer.unref()
    }
    await this.#drop(client)
  }

  async #drop(client: NotifyClient | undefined): Promise<void> {
    if (!client) return
    client.removeAllListeners()
    client.on('error', () => {})
    // A frozen server never closes its end, and the open socket would keep the process alive.
    await withDeadline(client.end(), GOODBYE_MS, () => new Error('no goodbye')).catch(() => client.connection?.stream?.destroy())
  }
}
