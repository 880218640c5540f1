/** A button. One that cannot be used now stays in reach of the keyboard, and says why. */
import { type ReactNode, useId } from "react"

interface ButtonProps {
  readonly children: ReactNode
  /** `primary`: what the page is for. `danger`: it stops or takes back something. */
  readonly kind?: "plain" | "primary" | "danger" | "quiet"
  readonly type?: "button" | "submit"
  /** Why it cannot be used now; undefined: it can. */
  readonly disabledBecause?: string | undefined
  readonly onPress?: () => void
  /** What it is called where its text says too little. */
  readonly label?: string
  /** Whether it is pressed, for one that switches something. */
  readonly pressed?: boolean
}

export const Button = (props: ButtonProps) => {
  const { children, disabledBecause, kind = "plain", label, onPress, pressed, type = "button" } = props
  const reasonId = useId()
  const isDisabled = disabledBecause !== undefined
  return (
    <>
      <button
        type={isDisabled ? "button" : type}
        className={`button button-${kind}`}
        aria-label={label}
        aria-pressed={pressed}
        aria-disabled={isDisabled}
        aria-describedby={isDisabled ? reasonId : undefined}
        title={disabledBecause}
        onClick={isDisabled ? undefined : onPress}
      >
        {children}
      </button>
      {isDisabled && (
        <span id={reasonId} className="unseen">
          {disabledBecause}
        </span>
      )}
    </>
  )
}
