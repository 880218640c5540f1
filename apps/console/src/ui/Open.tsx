/** A button that opens a dialog which changes something; it says so beforehand where the token may only read. */
import { type ReactNode, useState } from "react"
import { useReadOnly } from "../session/permission.ts"
import { Button } from "./Button.tsx"

interface OpenProps {
  readonly children: ReactNode
  readonly kind?: "plain" | "primary" | "danger" | "quiet"
  readonly label?: string
  readonly disabledBecause?: string | undefined
  readonly dialog: (close: () => void) => ReactNode
}

export const Open = ({ children, dialog, disabledBecause, kind = "plain", label }: OpenProps) => {
  const readOnly = useReadOnly()
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button
        kind={kind}
        {...(label === undefined ? {} : { label })}
        disabledBecause={readOnly ?? disabledBecause}
        onPress={() => setOpen(true)}
      >
        {children}
      </Button>
      {open && dialog(() => setOpen(false))}
    </>
  )
}
