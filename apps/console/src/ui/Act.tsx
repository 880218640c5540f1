/** A button that changes something at the coordinator: it cannot be pressed twice, and what went wrong is said beside it. */
import { Either } from "effect"
import { type ReactNode, useState } from "react"
import type { Problem } from "../session/Problem.ts"
import { useReadOnly } from "../session/permission.ts"
import { Button } from "./Button.tsx"

interface ActProps<A> {
  readonly children: ReactNode
  readonly kind?: "plain" | "primary" | "danger"
  /** Why it cannot be done now; that a token may only read is known already. */
  readonly disabledBecause?: string | undefined
  readonly act: () => Promise<Either.Either<A, Problem>>
  readonly onDone: (value: A) => void
  readonly onProblem: (problem: Problem) => void
}

export const Act = <A,>({ act, children, disabledBecause, kind = "primary", onDone, onProblem }: ActProps<A>) => {
  const readOnly = useReadOnly()
  const [busy, setBusy] = useState(false)
  const press = async () => {
    setBusy(true)
    const done = await act()
    setBusy(false)
    if (Either.isLeft(done)) onProblem(done.left)
    else onDone(done.right)
  }
  const reason = readOnly ?? (busy ? "the coordinator is asked" : disabledBecause)
  return (
    <Button kind={kind} disabledBecause={reason} onPress={() => void press()}>
      {children}
    </Button>
  )
}
