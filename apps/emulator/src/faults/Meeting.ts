/** What a place at which faults are met asks: which of them a message meets, and when they are taken back. */
import type { FaultKind } from "@stopcopy/agent"
import type { Effect } from "effect"
import type { FaultTag } from "./Messages.ts"

export interface Meeting {
  /** Whether there is any fault, for whichever device. */
  readonly isArmed: boolean
  /** A message comes by; the kinds of fault that it meets. What they do beside it is begun. Default: all kinds that the message can meet. */
  readonly meet: (device: string, message: string, kinds?: ReadonlyArray<FaultTag>) => ReadonlyArray<FaultKind>
  /** Waits until faults are cleared, whichever. */
  readonly cleared: Effect.Effect<void>
}
