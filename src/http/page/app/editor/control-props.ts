/** What every control of a field is given. */
export interface ControlProps {
  readonly id: string
  readonly value: string
  readonly isInvalid: boolean
  readonly describedBy: string | undefined
  readonly onChange: (value: string) => void
}
