import { useEffect, useState } from 'preact/hooks'
import { can } from '../api/abilities.js'
import { get } from '../api/call.js'
import { type Who, who } from '../api/who.js'
import { Empty } from '../parts/small.js'
import { DEFAULT_PROJECT, go, hrefOf } from '../state/address.js'
import { say, sayProblem } from '../state/toasts.js'
import { Importer } from './importer.js'

/** Whether the API moves whole projects. */
export const canMoveProjects = (): boolean => can('GET', '/export') && can('POST', '/import')

/** A whole project as one file, and back. */
export function BundleView({ project }: { readonly project: string }) {
  if (!canMoveProjects()) {
    return (
      <Empty title="Not in this host" level={1}>
        <p>This host is older than its page: it can neither export nor import.</p>
      </Empty>
    )
  }
  return (
    <section class="page narrow">
      <header class="line">
        <h1>Export and import</h1>
      </header>
      <form class="toolbar" onSubmit={(event) => event.preventDefault()}>
        <label class="field">
          <span>Project</span>
          <input
            value={project}
            maxLength={100}
            onChange={(event) =>
              go(hrefOf(['bundle'], { project: event.currentTarget.value.trim() || DEFAULT_PROJECT }), { replace: true })
            }
          />
        </label>
      </form>
      <Exporter project={project} />
      {mayImport(useWho(project)) ? (
        <Importer key={project} project={project} />
      ) : (
        <div class="card bundle">
          <h2>Import</h2>
          <p>Your role on this host does not allow imports into project {project}.</p>
        </div>
      )}
    </section>
  )
}

/** Whoever is not signed in is asked to, once there is something to write. */
function mayImport(person: Who | undefined): boolean {
  return !person?.signed_in || person.may.import
}

/** What the host says about this person in that project; until then, what it said about the default one. */
function useWho(project: string): Who | undefined {
  const [asked, know] = useState<{ readonly project: string; readonly person: Who }>()
  useEffect(() => {
    if (!can('GET', '/actor')) return
    const gone = new AbortController()
    get<Who>('/actor', { project }, { asks: false, signal: gone.signal }).then(
      (person) => know({ project, person }),
      () => {},
    )
    return () => gone.abort()
  }, [project, who.value])
  return asked?.project === project ? asked.person : who.value
}

function Exporter({ project }: { readonly project: string }) {
  const [isBusy, work] = useState(false)
  const download = async (): Promise<void> => {
    work(true)
    try {
      const bundle = await get<{ readonly entities: readonly unknown[] }>('/export', { project })
      save(`${project}.bundle.json`, `${JSON.stringify(bundle, null, 2)}\n`)
      say(`Project ${project} is exported: ${bundle.entities.length} names.`)
    } catch (error) {
      sayProblem(error)
    }
    work(false)
  }
  return (
    <div class="card bundle">
      <h2>Export</h2>
      <p>
        Everything of project {project} as one file: all kinds, versions and labels, and the rollouts that are open. It goes into another
        project or another database, here or with <code>agent-config import</code>.
      </p>
      <button type="button" disabled={isBusy} onClick={() => void download()}>
        Export {project}
      </button>
    </div>
  )
}

function save(name: string, text: string): void {
  const href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = Object.assign(document.createElement('a'), { href, download: name })
  link.click()
  // The download begins after this task.
  setTimeout(() => URL.revokeObjectURL(href), 10_000)
}
