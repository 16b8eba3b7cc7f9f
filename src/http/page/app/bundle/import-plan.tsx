import { useState } from 'preact/hooks'
import { kinds } from '../api/kinds.js'
import { Move } from '../entity/move.js'
import { ApplyForm } from '../parts/apply-form.js'
import { say } from '../state/toasts.js'
import { count, counted } from '../text/words.js'
import { type ImportReport, inWords, planImport, type Row, rowsOf, runImport, versionsText } from './report.js'

const MOST_ROWS = 100

interface ImportPlanProps {
  readonly bundle: unknown
  /** The project that the bundle was made of. */
  readonly origin: string
  readonly plan: ImportReport
  /** Called with what an import would do by now, when that differs from what is shown. */
  readonly onChanged: (plan: ImportReport) => void
  readonly onDone: () => void
}

/** What an import would do, name by name, and the button that does it. */
export function ImportPlan({ bundle, origin, plan, onChanged, onDone }: ImportPlanProps) {
  const [isOutdated, outdate] = useState(false)
  const what = inWords(plan)
  if (what === '') {
    return (
      <p class="notice" role="status">
        Project {plan.project} has all of it: {counted(plan.unchanged, 'version')}. There is nothing to import.
      </p>
    )
  }
  const run = async ({ summary }: { readonly summary?: string | undefined }): Promise<void> => {
    const now = await planImport(bundle, plan.project)
    if (JSON.stringify(now) !== JSON.stringify(plan)) {
      outdate(true)
      return onChanged(now)
    }
    const done = await runImport(bundle, plan.project, summary)
    say(`Imported into project ${done.project}: ${inWords(done)}.`)
    onDone()
  }
  return (
    <>
      <Plan rows={rowsOf(plan)} />
      {isOutdated && (
        <p class="notice warn" role="alert">
          The project was changed meanwhile, and nothing is imported yet. This is what an import does now.
        </p>
      )}
      <ApplyForm
        sentence={
          <>
            Project <b>{origin}</b> into project <b>{plan.project}</b>: {what}.
          </>
        }
        hint={plan.unchanged > 0 && `${counted(plan.unchanged, 'version')} there already. All is written at once, or nothing.`}
        action="Import"
        onCancel={onDone}
        run={run}
      />
    </>
  )
}

function Plan({ rows }: { readonly rows: readonly Row[] }) {
  return (
    <>
      <table class="list plan">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Kind</th>
            <th scope="col">What happens</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST_ROWS).map((row) => (
            <tr key={`${row.kind} ${row.name}`}>
              <td class="name">{row.name}</td>
              <td>{kinds.value.find(({ kind }) => kind === row.kind)?.noun ?? row.kind}</td>
              <td>
                <Effects row={row} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST_ROWS && <p class="hint">And {count(rows.length - MOST_ROWS)} more names.</p>}
    </>
  )
}

function Effects({ row: { created, labels, activated, deactivated, rollouts } }: { readonly row: Row }) {
  return (
    <ul>
      {created.length > 0 && <li>{versionsText(created)} new</li>}
      {labels.map(({ label, from, to }) => (
        <li key={label}>
          <Move label={label} from={from ?? undefined} to={`v${to}`} />
        </li>
      ))}
      {activated.length > 0 && <li>{versionsText(activated)} activated</li>}
      {deactivated.length > 0 && <li>{versionsText(deactivated)} deactivated</li>}
      {rollouts.map((label) => (
        <li key={label}>rollout on {label} starts</li>
      ))}
    </ul>
  )
}
