/** Giving the VF's interrupt vector in a turn: for what newly asks, and again for what asks anew. Rules of `Interrupts.ts`. */
import * as Interrupts from "./Interrupts.ts"
import { emit, type Turn } from "./Turn.ts"

/** What asks before a change; to be held against what asks after it. */
export const asking = (turn: Turn): number =>
  turn.state.device === undefined ? 0 : Interrupts.pending(turn.state.registers)

/** Gives the vector if something asks now that did not `before`, or that is among `again`. Bits as of `Interrupts.pending`. */
export const interrupt = (turn: Turn, before: number, again = 0): void => {
  if (turn.state.device === undefined) return
  const now = Interrupts.pending(turn.state.registers)
  if ((now & (~before | again)) !== 0) emit(turn, { _tag: "InterruptRaised", pending: now })
}

/** Before the device runs: every pending cause asks again. The vector is given if there is one. */
export const deriveInterrupts = (turn: Turn): void => {
  if (turn.state.device === undefined) return
  emit(turn, { _tag: "InterruptsDerived" })
  interrupt(turn, 0)
}
