/**
 * How many cases something is tried on, or how often: `few` in every run of the suite, `many` with `npm run test:long`. For tests that take
 * half a minute with all of them; all others have one number.
 */
export function casesOf(few: number, many: number): number {
  return process.env.AGENT_CONFIG_LONG === undefined ? few : many
}
