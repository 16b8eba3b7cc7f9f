import { useRef, useState } from 'preact/hooks'
import { problemText } from '../state/toasts.js'
import { ImportPlan } from './import-plan.js'
import { type ImportReport, planImport } from './report.js'

interface Chosen {
  readonly bundle: unknown
  readonly origin: string
  readonly plan: ImportReport
}

/** Takes a file, and shows what importing it would do. Nothing is written before that was seen. */
export function Importer({ project }: { readonly project: string }) {
  const [chosen, choose] = useState<Chosen>()
  const [problem, fail] = useState<string>()
  const [isBusy, work] = useState(false)
  const input = useRef<HTMLInputElement>(null)
  /** A file that is chosen while another one is looked at takes its place. */
  const latest = useRef(0)

  const look = async (file: File): Promise<void> => {
    const turn = ++latest.current
    choose(undefined)
    fail(undefined)
    work(true)
    try {
      const bundle = parse(await file.text())
      const plan = await planImport(bundle, project)
      if (turn === latest.current) choose({ bundle, origin: bundle.project, plan })
    } catch (error) {
      if (turn === latest.current) fail(`${file.name} cannot be imported. ${problemText(error)}`)
    }
    if (turn === latest.current) work(false)
  }
  const forget = (): void => {
    choose(undefined)
    if (input.current) input.current.value = ''
  }
  return (
    <div class="card bundle">
      <h2>Import</h2>
      <p>
        Writes into project {project} what a file has and the project has not. What the project has beyond that stays; a version with other
        content under the same number is refused. You see what happens before anything is written.
      </p>
      <label class="field">
        <span>File</span>
        <input
          ref={input}
          type="file"
          accept=".json,application/json"
          onChange={(event) => {
            const [file] = event.currentTarget.files ?? []
            if (file) void look(file)
          }}
        />
      </label>
      {isBusy && <p class="hint">Looking what it would do…</p>}
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {chosen && (
        <ImportPlan
          bundle={chosen.bundle}
          origin={chosen.origin}
          plan={chosen.plan}
          onChanged={(plan) => choose({ ...chosen, plan })}
          onDone={forget}
        />
      )}
    </div>
  )
}

function parse(text: string): { readonly project: string } {
  let bundle: { readonly project?: unknown } | null
  try {
    bundle = JSON.parse(text) as typeof bundle
  } catch {
    throw new Error('It is no JSON.')
  }
  if (typeof bundle?.project !== 'string') throw new Error('It is no bundle: it names no project.')
  return bundle as { readonly project: string }
}
