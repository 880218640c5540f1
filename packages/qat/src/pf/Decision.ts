/** How a PF decides: what it accepts, and what it refuses with a record of it. */
import { EINVAL, type Errno } from "@stopcopy/errno"
import { Behavior } from "@stopcopy/runtime"
import { fromErrno } from "../Failure.ts"
import { because } from "../Refusals.ts"
import type { PfEvent } from "./Event.ts"
import type { Pf, PfDevice } from "./State.ts"

export type Decision = Behavior.Decision<PfEvent, void, Errno>

export const accept = (events: ReadonlyArray<PfEvent>): Decision => Behavior.accept(events, undefined)

export const refuse = (operation: string, error: Errno): Decision =>
  Behavior.refuse([{ _tag: "PfRefused", operation, failure: fromErrno(error) }], error)

/** Decides for an emulated PF; `EINVAL` for one of capabilities and SLAs alone. */
export const onDevice = (state: Pf, operation: string, decide: (device: PfDevice) => Decision): Decision => {
  if (state.device !== undefined) return decide(state.device)
  const why = because(
    "pf.device",
    "the PF must be an emulated device",
    operation,
    "no device behind it",
    "a device",
    "configure the PF with a device"
  )
  return refuse(operation, new EINVAL(why))
}
