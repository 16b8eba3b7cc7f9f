import type { Services } from '../endpoint.js'
import type { ChangelogQuery } from '../manager.js'
import { notFound } from '../problem.js'
import { toWire } from '../wire.js'
import { projectOf } from './acts.js'
import { answerPage } from './answer-page.js'

interface Asked {
  readonly project?: string
  readonly limit?: number
  readonly cursor?: string
}

/** A page of the changes of one name. A name that never changed does not exist. */
export async function historyPage(
  services: Services,
  { kind, noun, name }: { readonly kind: string; readonly noun: string; readonly name: string },
  asked: Asked,
): Promise<object> {
  const query = { ...asked, name, kind: kind as NonNullable<ChangelogQuery['kind']>, project: projectOf(services, asked.project) }
  return answerPage(services.manager, toWire, async () => {
    const page = await services.manager.changelog.list(query)
    if (page.items.length === 0 && asked.cursor === undefined) throw notFound(`The changelog knows no ${noun} "${name}".`)
    return page
  })
}
