/** Sixteen VFs with a guest each in one emulator, at work for a while. */
import { assert } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Guest } from "./Guest.ts"
import { place, type Program, socketOf } from "./program.ts"

const vfs = 16

/** What fair means: nobody has less than this part of what the busiest has. */
const fairPart = 0.3

/** Every guest works for so long: the least and the most that was answered. */
export const crowd = (emulator: Program, millis: number) =>
  Effect.gen(function* () {
    const here = yield* place
    const args = ["--pf", `a=4xxx:${vfs},services=sym`, "--drain-seconds", "0.1", "--log-level", "warning"]
    const running = yield* emulator.serve([...args, ...here.args])
    const guests = Array.from({ length: vfs }, (_, vf) => new Guest(vf % 4))
    yield* Effect.forEach(guests, (guest, vf) =>
      Effect.zipRight(
        guest.connect(socketOf(here, "a", vf)),
        Effect.suspend(() => guest.setup)
      )
    )
    const start = performance.now()
    const isOver = () => performance.now() - start > millis
    const working = yield* Effect.fork(
      Effect.forEach(guests, (guest) => guest.workUntil(isOver), { concurrency: "unbounded", discard: true })
    )
    yield* Fiber.join(working)
    for (const guest of guests) guest.settled()
    const done = guests.map(({ taken }) => taken)
    const [least, most] = [Math.min(...done), Math.max(...done)]
    assert.isAtLeast(least, most * fairPart, `answered: ${done.join(", ")}`)
    const { code, stderr } = yield* running.kill("SIGTERM")
    assert.deepStrictEqual([code, stderr], [0, ""])
    return { least, most }
  })
