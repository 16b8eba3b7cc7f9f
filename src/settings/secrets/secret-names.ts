/**
 * Whether a key is named like a secret: DB_PASS, OPENAI_KEY, jwt, connectionString. A setting that is hidden by mistake
 * can be looked up in its source, so a doubtful name counts as a secret.
 *
 * @param around the key of the table around it: `openai.key` is named like OPENAI_KEY
 */
export function isNamedLikeSecret(key: string, around = ''): boolean {
  const letters = key.toLowerCase().replaceAll(/[^a-z]/g, '')
  if (!ANY_PART.test(letters)) return false
  if (STEMS.test(letters) && STEMS.test(letters.replaceAll(UNITS, ''))) return true
  const words = wordsOf(key)
  const last = words.at(-1) ?? ''
  if (words.some((word) => WORDS.has(word) || JOINED.test(word)) || LAST_WORDS.has(last) || LAST_PAIRS.has(words.slice(-2).join(' ')))
    return true
  if (last !== 'key' && last !== 'keys') return false
  const owner = words.at(-2) ?? wordsOf(around).at(-1)
  return owner !== undefined && !PLAIN_KEYS.has(owner)
}

/** A quick test: every name below matches it, and most other names do not. */
const ANY_PART =
  /pass|pwd?|secret|token|key|private|cred|auth|conn|jw[tke]|bearer|dsn|cookie|salt|pepper|hmac|otp|mnemonic|cvv|pin|sas|signature|webhook|(?:pat|sk)$/

/** Found anywhere in a name, also where words run together: `dbpassword`. */
const STEMS =
  /password|passwd|passphrase|passcode|secret|token|apikey|accesskey|private|(?:priv|ssh|sign|signing|encryption|master|session)key|credential|authorization|connectionstring|connstr/
// "Token" is also a unit of text: MAX_TOKENS and TOKENIZER_MODEL are settings of a model, not secrets.
const UNITS =
  /(?:max|min|num|total|context)(?:input|output|new|completion|prompt)?tokens?|tokens?(?:limit|count|budget|window|per\w*)|tokeniz\w*/g
/** Words of their own: COMPASS is not a PASS. */
const WORDS = new Set(
  'pass pwd pw passwords creds cred jwt jwts jwk jwks jwe bearer dsn cookie cookies salt pepper hmac otp totp mnemonic cvv'.split(' '),
)
/** Words that are written as one: DBPASS and SMTPPWD, but not BYPASS. */
const JOINED = /.pwd$|.(?<!^(?:com|by|tres|sur|over|under|low|high|all|band|multi|single|first|second))pass$/
/** Words that name a secret at the end of a name: BASIC_AUTH is one, AUTH_ENABLED is not. */
const LAST_WORDS = new Set(['auth', 'pat', 'pin', 'sas', 'signature', 'sk', 'webhook'])
const LAST_PAIRS = new Set(['auth header', 'webhook uri', 'webhook url'])
/** Words before KEY of names that are not secrets: PUBLIC_KEY, PRIMARY_KEY, CACHE_KEY. */
const PLAIN_KEYS = new Set(
  'public primary foreign partition sort cache routing idempotency index group order lookup hot shortcut translation feature object unique'.split(
    ' ',
  ),
)

/** `dbPassHTTP_Key` is db, pass, http, key. */
function wordsOf(key: string): string[] {
  return key
    .replaceAll(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
}
