/**
 * How many random cases a property is tried on: `few` in every run of the suite, `many` with `npm run test:long`. For properties whose
 * many thousands of cases take half a minute; all others have one number.
 */
export function casesOf(few: number, many: number): number {
  return process.env.AGENT_CONFIG_LONG === undefined ? few : many
}
