/** A server that belongs to one test file, which may therefore be broken at will. */
export interface Server {
  readonly url: string
  readonly port: number
  /** The server's process id; the container's first process when Docker runs it. Changes with `restart`. */
  readonly pid: number
  /** Stops the server and all its children where they stand: connections stay open, nothing answers. */
  freeze(): Promise<void>
  /** Lets a frozen server go on. */
  thaw(): Promise<void>
  /** Ends the server at once, as a power cut would. */
  kill(): Promise<void>
  /** Starts the server again on the same port with the same data, after an orderly stop if it still runs; resolves when it answers. */
  restart(): Promise<void>
  /** Ends the server and removes its data. Ending the process that started it has the same effect. */
  stop(): Promise<void>
}
