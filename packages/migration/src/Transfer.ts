/**
 * Carries migration data from the source to the destination, through the coordinator: one chunk in memory for each device, the next asked for when the last
 * was loaded. Goes on where an earlier try, or an earlier coordinator, stopped: the destination says where.
 */
import type { StateNow } from "@stopcopy/agent"
import { Effect, Schema } from "effect"
import type { Moved } from "./Downtime.ts"
import { nowMicros } from "./Micros.ts"

/** The calls on one device, on both sides. */
interface Ends<E> {
  readonly from: Effect.Effect<StateNow, E>
  readonly to: Effect.Effect<StateNow, E>
  readonly save: (session: string, offset: number) => Effect.Effect<Chunk, E>
  readonly load: (session: string, offset: number, bytes: Uint8Array) => Effect.Effect<{ readonly next: number }, E>
}

interface Chunk {
  readonly bytes: Uint8Array
  readonly end: "more" | "now" | "good"
}

/** One side has no session: its host was started again, or somebody changed the device. What was loaded is of no use. */
export class SessionLost extends Schema.TaggedError<SessionLost>()("SessionLost", {
  side: Schema.Literal("source", "destination"),
  state: Schema.String
}) {
  override get message(): string {
    return `the ${this.side} is in ${this.state} and has no session for migration data: its host was started again, or the device was changed`
  }
}

/** The source's data ended otherwise than its state should let it. */
export class WrongEnd extends Schema.TaggedError<WrongEnd>()("WrongEnd", {
  expected: Schema.String,
  actual: Schema.String
}) {
  readonly side = "source"
  override get message(): string {
    return `the source's data ends "${this.actual}" and not "${this.expected}": it is not in the state that it was put into`
  }
}

const sessionOf = (side: "source" | "destination", { session, state }: StateNow) =>
  session?.kind === (side === "source" ? "saving" : "resuming")
    ? Effect.succeed(session)
    : Effect.fail(new SessionLost({ side, state }))

/** Moves all that there is up to this end. */
export const transfer = <E>(ends: Ends<E>, until: "now" | "good"): Effect.Effect<Moved, E | SessionLost | WrongEnd> =>
  Effect.gen(function* () {
    const states = yield* Effect.all([ends.from, ends.to], { concurrency: 2 })
    const from = yield* sessionOf("source", states[0])
    const to = yield* sessionOf("destination", states[1])
    let [offset, bytes, saveMicros, transferMicros] = [to.offset, 0, 0, 0]
    for (;;) {
      const began = yield* nowMicros
      const chunk = yield* ends.save(from.token, offset)
      const saved = yield* nowMicros
      saveMicros += saved - began
      if (chunk.end !== "more") {
        if (chunk.end === until) return { bytes, saveMicros, transferMicros }
        return yield* new WrongEnd({ expected: until, actual: chunk.end })
      }
      offset = (yield* ends.load(to.token, offset, chunk.bytes)).next
      bytes += chunk.bytes.length
      transferMicros += (yield* nowMicros) - saved
    }
  })

/** Of a group: all bytes, and the times of the slowest device. */
export const slowest = (moved: ReadonlyArray<Moved>): Moved => {
  const most = moved.reduce<Moved>(
    (found, one) => (one.saveMicros + one.transferMicros > found.saveMicros + found.transferMicros ? one : found),
    { bytes: 0, saveMicros: 0, transferMicros: 0 }
  )
  return { ...most, bytes: moved.reduce((sum, { bytes }) => sum + bytes, 0) }
}
