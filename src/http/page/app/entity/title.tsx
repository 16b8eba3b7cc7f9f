import { canActivate, canRemoveLabels } from '../api/writes.js'
import { Menu } from '../parts/menu.js'
import { DEFAULT_PROJECT, hrefOf } from '../state/address.js'
import { stage } from '../state/staged.js'
import { type Context, canTry } from './context.js'
import { keyOf } from './data.js'

/** Name, what it is, and what can be done: the next likely step is the one heavy button, what is dangerous is in the menu. */
export function Title({ context }: { readonly context: Context }) {
  const { target, shown, labels, versions } = context
  const { kind, name, project } = target
  const about = keyOf(target)
  const own = labels.get(kind.label)
  const isPromotable = kind.hasLabels && kind.label !== 'latest' && shown.is_active && own !== shown.version
  const isActivatable = !shown.is_active && canActivate(target)
  const facts = [shown.type, shown.template_format].filter((fact) => typeof fact === 'string')
  return (
    <header class="title">
      <p class="crumbs">
        <a href={hrefOf([kind.plural], { project })}>{kind.title}</a>
        {project !== DEFAULT_PROJECT && ` / ${project}`}
      </p>
      <div class="line">
        <h1>{name}</h1>
        {facts.length > 0 && <span class="facts">{facts.join(' · ')}</span>}
        <div class="actions">
          {canTry(target) && (
            <a class="button" href={hrefOf([kind.plural, name, 'try'], { project, a: own, b: shown.version })} data-key="t">
              Try it
            </a>
          )}
          <a
            class={isPromotable || isActivatable ? 'button' : 'button primary'}
            href={hrefOf([kind.plural, name, 'edit'], { project, from: shown.version })}
            data-key="e"
          >
            New version
          </a>
          {isPromotable && (
            <button
              type="button"
              class="primary"
              onClick={() => stage({ about, type: 'promote', version: shown.version, label: kind.label })}
            >
              Promote v{shown.version}…
            </button>
          )}
          {isActivatable && (
            <button type="button" class="primary" onClick={() => stage({ about, type: 'activate', version: shown.version })}>
              Activate v{shown.version}…
            </button>
          )}
          <Menu label="More">
            <MenuItems context={context} isPromotable={isPromotable} />
          </Menu>
        </div>
      </div>
      {typeof shown.description === 'string' && shown.description !== '' && <p class="about">{shown.description}</p>}
      {versions.every(({ is_active }) => !is_active) && <p class="about">Every version is inactive: readers find none of them.</p>}
    </header>
  )
}

function MenuItems({ context, isPromotable }: { readonly context: Context; readonly isPromotable: boolean }) {
  const { target, shown, labels, before, versions } = context
  const { kind } = target
  const about = keyOf(target)
  const { version } = shown
  return (
    <>
      {kind.hasLabels && shown.is_active && !isPromotable && (
        <button
          type="button"
          onClick={() => stage({ about, type: 'promote', version, label: labels.has('staging') ? 'staging' : kind.label })}
        >
          Give v{version} a label…
        </button>
      )}
      {[...before].map(([label, to]) => (
        <button type="button" key={label} onClick={() => stage({ about, type: 'rollback', label, version: to })}>
          Roll back {label} to v{to}…
        </button>
      ))}
      {canRemoveLabels(target) &&
        (shown.labels ?? []).map((label) => (
          <button type="button" key={label} onClick={() => stage({ about, type: 'remove-label', label, version })}>
            Remove {label}…
          </button>
        ))}
      {shown.is_active && (
        <button type="button" onClick={() => stage({ about, type: 'deactivate', version })}>
          Deactivate v{version}…
        </button>
      )}
      {versions.some(({ is_active }) => is_active) ? (
        <button type="button" onClick={() => stage({ about, type: 'deactivate' })}>
          Deactivate the {kind.noun}…
        </button>
      ) : (
        canActivate(target) && (
          <button type="button" onClick={() => stage({ about, type: 'activate' })}>
            Activate the {kind.noun}…
          </button>
        )
      )}
    </>
  )
}
