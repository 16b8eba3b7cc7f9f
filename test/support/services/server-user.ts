import { chmodSync, chownSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A user of this machine. */
export interface ServerUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Whom PostgreSQL and PgBouncer run as: they refuse root, so root lends them `postgres` or `nobody`; anybody else runs them as themselves. */
export function unprivilegedUser(): ServerUser | undefined {
  if (process.getuid?.() !== 0) return undefined
  const users = new Map<string, ServerUser>()
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name && uid && gid) users.set(name, { name, uid: Number(uid), gid: Number(gid) })
  }
  return users.get('postgres') ?? users.get('nobody') ?? { name: 'nobody', uid: 65_534, gid: 65_534 }
}

/** A new private folder for a server, owned by the user it runs as. */
export function serverFolder(name: string, user?: ServerUser): string {
  // Root's own temporary folder may be closed to the user the server runs as.
  const parent = user && !isOpenToAll(tmpdir()) ? '/tmp' : tmpdir()
  const folder = mkdtempSync(join(parent, `agent-config-${name}-`))
  chmodSync(folder, 0o700)
  if (user) chownSync(folder, user.uid, user.gid)
  return folder
}

/** Whether every user may enter this folder and all above it. */
export function isOpenToAll(folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false
    if (path === dirname(path)) return true
  }
}
