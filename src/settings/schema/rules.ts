import { isSameEnvironment } from '../environment.js'
import { scrub } from '../secrets/redact.js'
import type { Setup } from '../setup.js'
import { pathKey, pathOf } from '../tree/path.js'
import type { Complaint } from '../tree/tree.js'

/**
 * The rules that do not hold. When the schema has already refused the values, rules are still tried on them, so that
 * everything is reported at once; a rule that throws on such values says nothing.
 */
export function brokenRules(
  setup: Setup,
  values: unknown,
  found: { readonly failed: ReadonlySet<string>; readonly secretValues: readonly unknown[] },
): Complaint[] {
  const { failed, secretValues } = found
  return (setup.options.rules ?? []).flatMap((rule): Complaint[] => {
    const path = pathOf(rule.path)
    const applies = rule.environments?.some((name) => isSameEnvironment(setup.environment.name, name)) ?? true
    if (!applies || failed.has(pathKey(path))) return []
    const given = values as Record<string, unknown>
    try {
      if (rule.when && !rule.when(given)) return []
      if (rule.check(given)) return []
      return [{ path, message: scrub(rule.message, secretValues), origin: undefined }]
    } catch (error) {
      if (failed.size > 0) return []
      const reason = scrub(error instanceof Error ? error.message : 'no error object', secretValues)
      return [{ path, message: `could not be checked, the rule threw: ${reason}`, origin: undefined }]
    }
  })
}
