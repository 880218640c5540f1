/** A dialog over the page: the browser keeps the focus in it, and Escape closes it. */
import { type ReactNode, useEffect, useId, useRef } from "react"
import { Button } from "./Button.tsx"

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  /** Buttons of its last line, beside the one that closes it. */
  readonly actions?: ReactNode
  readonly closeText?: string
  readonly wide?: boolean
}

export const Dialog = ({ actions, children, closeText = "Close", onClose, title, wide = false }: DialogProps) => {
  const dialog = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useEffect(() => {
    const element = dialog.current
    element?.showModal()
    return () => element?.close()
  }, [])
  return (
    <dialog
      ref={dialog}
      className={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <h2 id={titleId} className="dialog-title">
        {title}
      </h2>
      <div className="dialog-body">{children}</div>
      <div className="dialog-actions">
        <Button onPress={onClose}>{closeText}</Button>
        {actions}
      </div>
    </dialog>
  )
}
