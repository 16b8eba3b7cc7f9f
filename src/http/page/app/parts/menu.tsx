import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon } from './small.js'

/** Quiet actions behind one button. Closes by Escape, by a click elsewhere, and when one is chosen. */
export function Menu({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  const [isOpen, open] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!isOpen) return
    const close = (event: Event): void => {
      if (!box.current?.contains(event.target as Node)) open(false)
    }
    document.addEventListener('pointerdown', close)
    document.addEventListener('focusin', close)
    return () => {
      document.removeEventListener('pointerdown', close)
      document.removeEventListener('focusin', close)
    }
  }, [isOpen])
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape anywhere inside closes the menu
    <div
      class="menu"
      ref={box}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !isOpen) return
        event.stopPropagation()
        open(false)
        button.current?.focus()
      }}
    >
      <button type="button" ref={button} class="square" aria-label={label} aria-expanded={isOpen} onClick={() => open(!isOpen)}>
        <Icon name="more" />
      </button>
      {isOpen && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the buttons inside have the keyboard
        // biome-ignore lint/a11y/noStaticElementInteractions: see above
        <div class="items" onClick={() => open(false)}>
          {children}
        </div>
      )}
    </div>
  )
}
