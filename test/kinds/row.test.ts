import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isoDate } from '../../src/kinds/row.js'

const dates = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })

it('a date of PostgreSQL is what Date makes of it, whatever its zone and however many digits it has', () => {
  fc.assert(
    fc.property(dates, fc.stringMatching(/^\d{0,3}$/), fc.constantFrom('+00:00', '+02:00', '-05:30', 'Z'), (date, micros, zone) => {
      const text = date.toISOString().replace('Z', `${micros}${zone}`)
      expect(isoDate(text)).toBe(new Date(text).toISOString())
    }),
    { numRuns: 2_000 },
  )
})

it('a date without fractions, and a Date, are read too', () => {
  expect(isoDate('2026-11-28T13:00:00+00:00')).toBe('2026-11-28T13:00:00.000Z')
  expect(isoDate(new Date(0))).toBe('1970-01-01T00:00:00.000Z')
  expect(() => isoDate('yesterday+00:00')).toThrow(RangeError)
})
