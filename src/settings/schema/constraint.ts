/** A rule of the schema in words that follow "must": `be >= 5`, `have at least 20 characters`. Empty when there are none. */
export function constraintText(rule: string, requirement: unknown, type: string | undefined): string {
  const amount = AMOUNTS[rule]
  if (amount) return `have ${amount} ${String(requirement)} ${type === 'string' ? 'characters' : 'items'}`
  const comparison = COMPARISONS[rule]
  if (comparison) return `be ${comparison} ${requirement instanceof Date ? requirement.toISOString() : String(requirement)}`
  if (FORMATS[rule]) return `be ${FORMATS[rule]}`
  if (rule === 'multiple_of') return `be a multiple of ${String(requirement)}`
  if (rule === 'non_empty') return 'not be empty'
  if (rule === 'regex') return `match ${String(requirement)}`
  if (rule === 'starts_with') return `start with ${JSON.stringify(requirement)}`
  if (rule === 'ends_with') return `end with ${JSON.stringify(requirement)}`
  if (rule === 'includes') return `contain ${JSON.stringify(requirement)}`
  if (rule === 'value') return `be ${JSON.stringify(requirement)}`
  if (rule === 'not_value') return `not be ${JSON.stringify(requirement)}`
  return rule === 'finite' || rule === 'safe_integer' ? `be a ${rule.replace('_', ' ')} number`.replace('integer number', 'integer') : ''
}

const AMOUNTS: Readonly<Record<string, string>> = { min_length: 'at least', max_length: 'at most', length: 'exactly' }
const COMPARISONS: Readonly<Record<string, string>> = { min_value: '>=', max_value: '<=', gt_value: '>', lt_value: '<' }
const FORMATS: Readonly<Record<string, string>> = {
  url: 'a URL',
  email: 'an e-mail address',
  uuid: 'a UUID',
  ip: 'an IP address',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
}
