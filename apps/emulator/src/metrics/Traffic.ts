/**
 * What a VF did for its guest since the process began: accesses of its user, and the requests of its rings. Counted where they pass, without looking into
 * the journal: a number more for an access, a few steps for a request.
 */
import { statusOf, unpack, type VfActor, type VfCommand } from "@stopcopy/qat"
import { Now, type JournalError } from "@stopcopy/runtime"
import type { VfioDevice } from "@stopcopy/vfio"
import { Effect, Either } from "effect"

/** Service types of requests, by the number in them. */
const services: ReadonlyMap<number, string> = new Map([
  [0, "null"],
  [3, "asym"],
  [4, "sym"],
  [9, "dc"]
])

/** Bits of a status that tell of an error; bit 3 only says that a deflate stream has ended. */
const errorBits = 0xf7

export class Traffic {
  reads = 0
  writes = 0
  bytesRead = 0
  bytesWritten = 0
  /** Guests that have the device now, and that ever had it. */
  attached = 0
  attachments = 0
  private moved = Effect.unsafeMakeLatch(false)
  /** Requests by service and status: `sym ok`, `dc error`. */
  readonly requests = new Map<string, number>()

  /** A guest has come, or is gone. */
  attach(change: 1 | -1): void {
    this.attached += change
    if (change > 0) this.attachments++
    const { moved } = this
    this.moved = Effect.unsafeMakeLatch(false)
    moved.unsafeOpen()
  }

  /** Waits until a guest has the device, or none. */
  untilAttached(attached: boolean): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.attached > 0 === attached
        ? Effect.void
        : Effect.zipRight(
            Effect.suspend(() => this.moved.await),
            this.untilAttached(attached)
          )
    )
  }

  /** Bursts that an engine had recorded. */
  readonly executed = (packed: string): void => {
    for (const outcome of unpack(packed)) {
      const service = services.get(outcome.response[2] ?? 0) ?? "other"
      const key = `${service} ${(statusOf(outcome) & errorBits) === 0 ? "ok" : "error"}`
      this.requests.set(key, (this.requests.get(key) ?? 0) + 1)
    }
  }
}

/** The VF as its engine has it: what the engine reports is counted once the VF has it. */
export const countingRequests = (vf: VfActor, traffic: Traffic): VfActor => ({
  stream: vf.stream,
  get state() {
    return vf.state
  },
  unsafeState: () => vf.unsafeState(),
  get position() {
    return vf.position
  },
  unsafePosition: () => vf.unsafePosition(),
  askAll: (commands, options) => vf.askAll(commands, options),
  get bound() {
    return vf.bound
  },
  until: (predicate) => vf.until(predicate),
  ask: (command, options) => {
    const answer = vf.ask(command, options)
    if (command._tag !== "EngineExecuted") return answer
    const count = counted(command, traffic)
    if (!Now.isNow(answer)) return Effect.tap(answer, count)
    if (Either.isRight(answer)) count(answer.right)
    return answer
  }
})

const counted =
  ({ outcomes }: Extract<VfCommand, { readonly _tag: "EngineExecuted" }>, traffic: Traffic) =>
  ({ _tag }: { readonly _tag: string }): void => {
    if (_tag !== "Stale") traffic.executed(outcomes)
  }

type Device = VfioDevice<JournalError>

/** The device, with the accesses of its users counted. */
export const counting = (device: Device, traffic: Traffic): Device => ({
  ...device,
  read: (region, offset, into) => {
    traffic.reads++
    traffic.bytesRead += into.byteLength
    return device.read(region, offset, into)
  },
  write: (region, offset, bytes) => {
    traffic.writes++
    traffic.bytesWritten += bytes.byteLength
    return device.write(region, offset, bytes)
  },
  writeAll: (writes) => {
    traffic.writes += writes.length
    for (const { bytes } of writes) traffic.bytesWritten += bytes.byteLength
    return device.writeAll(writes)
  },
  attach: (user): ReturnType<Device["attach"]> =>
    Effect.zipRight(
      device.attach(user),
      Effect.acquireRelease(
        Effect.sync(() => traffic.attach(1)),
        () => Effect.sync(() => traffic.attach(-1))
      )
    )
})
