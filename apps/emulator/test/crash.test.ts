/**
 * The emulator is killed over and over while its guests work, and started again on the same journal: each guest goes on after it has connected again, and
 * every request is executed and answered exactly once, as guest and journal say.
 */
import { assert, it } from "@effect/vitest"
import { Ledger, ledgerOf } from "@stopcopy/qat"
import { Verify } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import type { CallError } from "@stopcopy/vfio-user"
import { Effect, Exit, Fiber, Scope } from "effect"
import { Guest } from "./support/Guest.ts"
import { program, place, type Place, socketOf } from "./support/program.ts"

const emulator = program()

/** One guest over one life of the emulator: goes on where it was, until everything is done or the connection is lost. */
const live = (guest: Guest, path: string, total: number) =>
  Effect.gen(function* () {
    const { ended } = yield* guest.connect(path)
    yield* guest.submitted === 0 ? guest.setup : guest.again
    yield* Effect.raceFirst(guest.work(total), Effect.asVoid(ended))
  }).pipe(
    Effect.scoped,
    // What was under way when the process died is what the next life is for.
    Effect.catchIf(isLost, () => Effect.void)
  )

const isLost = (error: { readonly _tag: string }): error is Extract<CallError, { readonly _tag: "Disconnected" }> =>
  error._tag === "Disconnected"

const auditOf = ({ journal }: Place, guests: ReadonlyArray<Guest>) =>
  Effect.gen(function* () {
    yield* Verify.verify()
    return yield* Effect.forEach(guests, (guest, vf) =>
      Effect.map(ledgerOf([`vf/a/vf${vf}`]), (ledger) => Ledger.audit(ledger, [guest.account]))
    )
  }).pipe(Effect.provide(layerSqlite({ file: journal })))

const kills = 3
const perLife = 70

it.scopedLive(`after ${kills} kills under load every request has its one answer`, () =>
  Effect.gen(function* () {
    const here = yield* place
    const guests = [new Guest(0), new Guest(3)]
    const args = [...here.args, "--pf", "a=4xxx:2,services=sym", "--log-level", "warning"]
    for (let life = 0; life <= kills; life++) {
      const running = yield* emulator.serve(args)
      const stay = yield* Scope.make()
      const total = (kills + 1) * perLife
      const working = Effect.forEach(guests, (guest, vf) => live(guest, socketOf(here, "a", vf), total), {
        concurrency: "unbounded",
        discard: true
      })
      const lives = yield* Effect.forkIn(working, stay)
      if (life < kills) {
        const enough = (life + 1) * perLife
        yield* Effect.repeat(pause, { until: () => guests.some(({ taken }) => taken >= enough) })
        yield* running.kill("SIGKILL")
      }
      yield* Fiber.join(lives)
      yield* Scope.close(stay, Exit.void)
      if (life === kills) assert.strictEqual((yield* running.kill("SIGTERM")).code, 0)
    }
    for (const guest of guests) {
      assert.strictEqual(guest.taken, (kills + 1) * perLife)
      guest.settled()
    }
    assert.deepStrictEqual(yield* auditOf(here, guests), [[], []])
  }).pipe(Effect.timeout("50 seconds"))
)

/** Lets sockets have their turn. */
const pause = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})
