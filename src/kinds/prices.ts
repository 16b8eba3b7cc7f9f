import type { ModelPrices } from '../entities/model-prices.js'
import { describe } from '../shared/arguments.js'
import { InvalidArgumentError } from '../shared/errors.js'
import { checkKeys } from '../shared/known-keys.js'

const CURRENCY = /^[A-Z]{3}$/

/** @throws {InvalidArgumentError} naming the field that is missing, unknown, or not a price */
export function checkPrices(field: string, given: unknown): ModelPrices {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new InvalidArgumentError(field, 'must be { inputPerMillion, outputPerMillion, cachedInputPerMillion?, currency }')
  checkKeys(given, ['inputPerMillion', 'outputPerMillion', 'cachedInputPerMillion', 'currency'], field)
  const { inputPerMillion, outputPerMillion, cachedInputPerMillion, currency } = given as Partial<ModelPrices>
  if (typeof currency !== 'string' || !CURRENCY.test(currency))
    throw new InvalidArgumentError(`${field}.currency`, 'must be three capital letters of ISO 4217, such as USD')
  return {
    inputPerMillion: checkPrice(`${field}.inputPerMillion`, inputPerMillion),
    outputPerMillion: checkPrice(`${field}.outputPerMillion`, outputPerMillion),
    ...(cachedInputPerMillion !== undefined && {
      cachedInputPerMillion: checkPrice(`${field}.cachedInputPerMillion`, cachedInputPerMillion),
    }),
    currency,
  }
}

function checkPrice(field: string, given: unknown): number {
  if (typeof given === 'number' && Number.isFinite(given) && given >= 0) return given
  throw new InvalidArgumentError(field, `must be a number from 0, for a million tokens, got ${describe(given)}`)
}
