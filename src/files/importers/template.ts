import type { ChatMessageTemplate } from '../../entities/template.js'
import { isConfigError } from '../../shared/errors.js'
import { parseTemplate } from '../../template/parse-template.js'
import type { ImportedPrompt, ImportLoss } from './imported.js'

/** A template as mustache where it is that; as a raw text, which has no variables, where it has what mustache has not. */
export function templateOf(
  where: string,
  template: string | readonly ChatMessageTemplate[],
  lose: (loss: ImportLoss) => void,
): Pick<ImportedPrompt, 'template' | 'templateFormat'> {
  try {
    parseTemplate(template, 'mustache')
    return { template, templateFormat: 'mustache' }
  } catch (error) {
    if (!isConfigError(error)) throw error
    lose({
      where: `${where}: template`,
      what: error.message,
      why: 'it is kept as raw text without variables: mend it, then set format mustache',
    })
    return { template, templateFormat: 'raw' }
  }
}
