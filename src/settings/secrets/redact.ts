import { isNamedLikeSecret } from './secret-names.js'

/** Printed in place of a secret. */
export const REDACTED = '***'

const URL_SCHEMES =
  /^(?:https?|wss?|postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|nats|kafka|ftps?|sftp|smtps?|ldaps?|mssql):\/\//i
const HOST = /^[a-z\d](?:[a-z\d.-]*[a-z\d])?(?::\d{1,5})?$/i

/** The printable form of a secret: nothing of it, except the scheme and host of a URL that carries credentials. */
export function redact(value: unknown): string {
  const text = value instanceof URL ? value.href : value
  if (typeof text !== 'string') return REDACTED
  const scheme = URL_SCHEMES.exec(text)?.[0]
  if (scheme === undefined) return REDACTED
  const authority = text.slice(scheme.length).split(/[/?#]/, 1)[0] ?? ''
  const at = authority.lastIndexOf('@')
  const host = authority.slice(at + 1)
  return at >= 0 && HOST.test(host) ? `${scheme}${REDACTED}@${host}/${REDACTED}` : REDACTED
}

// Keys and tokens whose makers gave them a form of their own: OpenAI, Anthropic and other servers of models, Pinecone, LangSmith, GitHub,
// GitLab, Hugging Face, npm, PyPI, DigitalOcean, Shopify, Stripe, Slack, Google, JSON Web Tokens.
const TOKEN =
  /(?<![\w-])(?:(?:sk-|gsk_|xai-|pplx-|nvapi-|pcsk_|lsv2_|gh[oprsu]_|github_pat_|glpat-|hf_|npm_|pypi-|dop_v1_|shp(?:at|ca|pa|ss)_|[rs]k_(?:live|test)_|whsec_)[\w-]{20,}|xox[abeprs]-[\w-]{10,}|AIza[\w-]{30,}|eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*)/g

// A URL with a password. Addresses of the web and of NATS name no users: what stands alone in front of their host is a token.
const URL_WITH_SECRET = /^(?:[a-z][a-z\d+.-]*:\/\/[^\s/?#:@]*:[^\s/?#]+|(?:[a-z]+\+)?(?:https?|wss?|nats):\/\/[^\s/?#:@]+)@/i

/**
 * Whether a value is a secret whatever its name is: a URL with a password or a token in it, a private key in PEM or OpenSSH's form, or a
 * token of a well-known form.
 */
export function isSecretByItself(value: unknown): boolean {
  if (value instanceof URL) return isSecretByItself(value.href)
  if (typeof value !== 'string') return false
  if (value.replace(TOKEN, '') === '' && value !== '') return true
  if (value.includes('-----BEGIN ') && /-----BEGIN [A-Z\d ]{0,40}PRIVATE KEY/.test(value)) return true
  return value.includes('://') && URL_WITH_SECRET.test(value)
}

// `password=`, `"password": `, `password%3D`: only from the beginning of a word, and over few spaces, so that a long text is read once.
const NAME = /(?<![\w.-])(["']?)([\w.-]+)(?:\1|\\{1,3}["']|%(?:25){0,3}2[27])\s{0,9}(?:[=:]{1,2}>?|%(?:25){0,3}3[ad]|\\u003[ad])\s{0,9}/gi
// `"name": "PASSWORD", "value": `, as containers list their variables, and attributes of XML.
const NAME_IN_PAIR = /(?<!\w)(name|key)["']?\s{0,9}[=:]\s{0,9}["']?([\w.:-]+)["']?[\s,]{1,9}["']?value["']?\s{0,9}[=:]\s{0,9}/gi
// A value in brackets is cut off, with the rest of the text. A header names the kind of its credentials in front of them. Of YAML, the
// lines below the name.
const VALUE =
  /"(?:\\.|[^"\\])*"?|'[^']*'?|\\+["'][^"']*["']?|[[{][\s\S]*|[|>][+-]?\n(?:[^\S\n]+[^\n]*(?:\n|$))*|(?:(?:basic|bearer|digest|token) +)?[^&#;\s,"'}\]]+/iy
// Credentials of a header without its name. English words follow "Basic" too, but hold no digit.
const BEARER = /\b(Bearer +)\S{8,}|\b(Basic +)(?=\S*[\d=])[A-Za-z\d+/]{8,}={0,2}/g
// `--password x` of a command.
const OPTION = /(?<![\w-])(--[\w-]+)( +)("[^"]*"|'[^']*'|\S+)/g
// `curl -u user:password`; not the numbers of a user and a group, and not an address.
const USER_OPTION =
  /(?<![\w-])(-[uU] ?|--(?:proxy-)?user[ =])(?!["']?\d+:\d+(?:["'\s]|$))(?:"[^":]+:[^"]*"?|'[^':]+:[^']*'?|[^\s"':]+:(?!\/\/)\S+)/g
const COMMAND = /(\bsshpass +-p ?|\blogin +\S+ +password +)(?:"[^"]*"?|'[^']*'?|\S+)/g
// `<password>x</password>`, also as it stands inside of other XML.
const ELEMENT = /((?:<|&lt;)([\w:.-]+)(?:\s[^<>&]*)?(?:>|&gt;)\s*(?:<!\[CDATA\[)?)((?:[^<&]|&(?!lt;))+)/g
// `user:password@host` without a scheme, as MySQL's clients write it; not an address of mail, and not the digest of an image.
const PLAIN_USER = /(?<![\w.+:-])(?!(?:mailto|sips?|xmpp|acct|npm):)([\w.+-]+):[^\s/@:]+@(?=[\w[])(?!sha\d+:)/g
// Names that are secrets only in the query of an address.
const IN_QUERY = /^(?:key|code|sig)$/i

/** The values behind names of secrets. Other names are passed over without their values: those may hold names again. */
function maskNamed(text: string, names: RegExp): string {
  let masked = ''
  let done = 0
  for (const match of text.matchAll(names)) {
    const start = match.index + match[0].length
    const name = match[2] ?? ''
    const isInQuery = IN_QUERY.test(name) && /[?&]/.test(text[match.index - 1] ?? '')
    if (match.index < done || !(isInQuery || isNamedLikeSecret(name))) continue
    VALUE.lastIndex = start
    const value = VALUE.exec(text)?.[0]
    if (value === undefined || value === `"${REDACTED}"`) continue
    masked += text.slice(done, start) + REDACTED
    done = start + value.length
  }
  return masked + text.slice(done)
}

// What an `@` may follow is matched whole: a text with many of these and no `@` is read once.
const URL_IN_TEXT = /(?<![a-z\d+.-])([a-z][a-z\d+.-]*:\/\/)(\S*)/gi
// A user, a slash and a password: `jdbc:oracle:thin:scott/tiger@//host`.
const ORACLE = /(jdbc:oracle:\w+:)([^\s@]*)(?=(@?))/g

/** Text that is no secret itself may carry one: `postgresql://user:password@host`, `?api_key=…`, `{"password": "…"}`. */
export function maskCredentials(given: string): string {
  const text = given.replaceAll(TOKEN, REDACTED)
  if (!/[:=%<]|&lt;|\\u003|Bearer |Basic |--|sshpass |login /.test(text)) return text
  const withoutPasswords = text
    .replaceAll(ORACLE, (whole, start: string, _: string, at: string) => (at === '' ? whole : start + REDACTED))
    .replaceAll(URL_IN_TEXT, (whole, scheme: string, rest: string) => {
      const at = rest.lastIndexOf('@')
      return at < 0 ? whole : scheme + maskUser(rest.slice(0, at)) + rest.slice(at)
    })
    .replaceAll(PLAIN_USER, `${REDACTED}@`)
    .replaceAll(USER_OPTION, `$1${REDACTED}`)
    .replaceAll(COMMAND, `$1${REDACTED}`)
    .replaceAll(ELEMENT, (whole, start: string, name: string, content: string) =>
      content.trim() !== '' && isNamedLikeSecret(name) ? start + REDACTED : whole,
    )
  return maskNamed(maskNamed(withoutPasswords, NAME_IN_PAIR), NAME)
    .replaceAll(BEARER, (_, bearer: string | undefined, basic: string | undefined) => `${bearer ?? basic}${REDACTED}`)
    .replaceAll(OPTION, (option: string, name: string, space: string) => (isNamedLikeSecret(name) ? name + space + REDACTED : option))
}

/** What stands between `://` and the last `@`: a user and a password, a token, or a host whose path has an `@` in it, which is kept. */
function maskUser(credentials: string): string {
  const end = credentials.search(/[/?#]/)
  if (credentials === '') return credentials
  if (end < 0 || credentials.slice(0, end).includes('@')) return REDACTED
  // A password may hold a slash that should have been encoded, so what follows a colon is not printed.
  const colon = credentials.indexOf(':')
  return colon < 0 ? credentials : `${credentials.slice(0, colon)}:${REDACTED}`
}

/** How a value is printed in errors and explanations: short, in one line, without secrets. */
export function display(value: unknown, isSecret: boolean): string {
  if (isSecret || isSecretByItself(value)) return redact(value)
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') {
    // Mask first, shorten second: half of a URL is not recognized as one, and its password would be shown.
    const masked = maskCredentials(value)
    return JSON.stringify(masked.length > 200 ? `${masked.slice(0, 200)}…` : masked)
  }
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid date' : value.toISOString()
  return Array.isArray(value) ? `a list of ${value.length}` : 'a table'
}

/** Takes every known secret out of a text of another library, such as a schema's message. */
export function scrub(text: string, secrets: Iterable<unknown>): string {
  let result = maskCredentials(text)
  for (const secret of secrets) {
    const plain = String(secret)
    // Below four characters the replacement would tear ordinary words apart; such messages are not used at all.
    if (plain.length < 4) continue
    // As it is, and as it stands in JSON and in URLs.
    const forms = [plain, JSON.stringify(plain).slice(1, -1), encodeURIComponent(plain.replaceAll(/\p{Surrogate}/gu, ''))]
    for (const form of forms) if (form !== '') result = result.replaceAll(form, REDACTED)
  }
  return result
}
