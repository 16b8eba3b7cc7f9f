import type { ComponentChildren } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** A modal dialog. Escape closes it, and the focus goes back to where it was. */
export function Dialog({
  label,
  onClose,
  children,
  className = '',
}: {
  readonly label: string
  readonly onClose: () => void
  readonly children: ComponentChildren
  readonly className?: string
}) {
  const element = useRef<HTMLDialogElement>(null)
  useLayoutEffect(() => {
    const opener = document.activeElement
    const own = element.current
    own?.showModal()
    return () => {
      // Everything outside an open modal dialog is inert and takes no focus: close it first.
      own?.close()
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus()
    }
  }, [])
  return (
    <dialog
      ref={element}
      class={className}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => event.target === element.current && onClose()}
    >
      {children}
    </dialog>
  )
}
