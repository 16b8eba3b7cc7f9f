import { createHash } from 'node:crypto'

/** The channel that writes of a schema are notified on, as its function `notify_channel` has it: a name PostgreSQL takes whatever the schema's is. */
export function notifyChannel(schema: string): string {
  return `agent_config_${createHash('md5').update(schema).digest('hex')}`
}
