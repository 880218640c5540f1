/** The ways that a migration may go: there, and every kind of way back. Each is a run in which processes end and ways are cut at every event. */
import { Effect } from "effect"
import type { End, Moment } from "./Fuse.ts"
import { guestBase } from "./Guest.ts"
import type { Scenario } from "./Matrix.ts"
import type { Called, World } from "./World.ts"

export const forward = (size: number): Scenario => ({ name: "forward", size })

/** Cancels when a call is made for which this holds. What a coordinator that ends meanwhile does not keep was not asked for. */
const cancelling =
  (holds: (called: Called, world: World) => boolean): NonNullable<Scenario["prepare"]> =>
  (world, office, id) => {
    world.onCall = (called) =>
      holds(called, world) ? Effect.ignore(office.conductor.cancel(id, "not now")) : Effect.void
  }

const hasStopped = ({ calls }: World): boolean => calls.some(({ name }) => name === "setState STOP_COPY")

const turned = { from: "TurnedBack" }

/** Cancelled while the destination votes: all that can be done is to be undone. */
export const cancelledLate = (size: number): Scenario => ({
  name: "cancelled while the destination votes",
  size,
  ...turned,
  prepare: cancelling(({ name }, world) => name === "grant" && hasStopped(world))
})

/** Cancelled while the guest still works. */
export const cancelledEarly = (size: number): Scenario => ({
  name: "cancelled in pre-copy",
  size,
  ...turned,
  prepare: cancelling(({ name }, world) => name === "setState PRE_COPY" && !hasStopped(world))
})

/** Where the tail of the request ring is behind its base in a state part, in bytes; and one request. */
const tailBehindBase = 16
const oneRequest = 128

/** The state part with another tail of the request ring: it can be loaded, and is not the guest's. */
const otherTail = (bytes: Uint8Array): Uint8Array => {
  const copy = Buffer.from(bytes)
  const wanted = Buffer.alloc(8)
  wanted.writeBigUInt64LE(guestBase)
  const at = copy.indexOf(wanted)
  if (at < 0) return bytes
  copy.writeUInt32LE(copy.readUInt32LE(at + tailBehindBase) ^ oneRequest, at + tailBehindBase)
  return copy
}

/** The destination loads what the source did not save: the comparison finds it. */
export const rolledBack = (size: number): Scenario => ({
  name: "rolled back because the sides differ",
  size,
  ...turned,
  prepare: (world, _, id) => {
    world.inTransit = ({ bytes, migration }) => (migration === id ? otherTail(bytes) : bytes)
  }
})

const endAt = (moment: Moment, who: End["who"]): End => ({ at: moment, when: "after", who })

/** The destination ended with half of the state, and has forgotten its session. */
export const recoveredBack = (size: number): Scenario => ({
  name: "recovered to the source, after the destination ended with half of the state",
  size,
  ...turned,
  ends: [
    endAt(
      {
        process: "destination",
        label: "vf/pf0/vf0/file/0 FileWritten, vf/pf0/vf0 BlockReceived",
        nth: 1
      },
      ["destination"]
    )
  ]
})

/** Everything ended behind the commit. */
export const recoveredOn = (size: number): Scenario => ({
  name: "recovered to the destination, after everything ended behind the commit",
  size,
  ends: [
    endAt({ process: "coordinator", label: "Committed, StepDone", nth: 1 }, ["coordinator", "source", "destination"])
  ]
})
