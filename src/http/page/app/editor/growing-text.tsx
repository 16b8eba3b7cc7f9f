import { useLayoutEffect, useRef } from 'preact/hooks'

export interface GrowingTextProps {
  readonly id?: string
  readonly value: string
  readonly isCode?: boolean
  /** Lowest height, in lines. @default 2 */
  readonly rows?: number
  readonly 'aria-label'?: string | undefined
  readonly 'aria-invalid'?: boolean
  readonly 'aria-describedby'?: string | undefined
  readonly onChange: (value: string) => void
}

const MOST_PIXELS = 620

/** A field that is as high as its text, up to most of a screen. */
export function GrowingText({ value, isCode = false, rows = 2, onChange, ...rest }: GrowingTextProps) {
  const element = useRef<HTMLTextAreaElement>(null)
  useLayoutEffect(() => {
    const area = element.current
    if (!area) return
    // Measured anew only when it may have become smaller; a long text is not laid out twice at every key.
    if (area.scrollHeight <= area.clientHeight) area.style.height = 'auto'
    area.style.height = `${Math.min(MOST_PIXELS, area.scrollHeight + 2)}px`
  }, [value])
  return (
    <textarea
      {...rest}
      ref={element}
      class={isCode ? 'code-text' : undefined}
      rows={rows}
      value={value}
      spellcheck={!isCode}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  )
}
