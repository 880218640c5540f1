/** Ways into every migration state that leave a device able to go on: a resuming session is given data that the device itself has saved. */
import type { MigrationState } from "@stopcopy/vfio"
import { Effect } from "effect"
import type { Bench } from "../Bench.ts"
import type { Broken, NotApplicable } from "../Verdict.ts"

/** What the device saves when it is stopped as it is; it is RUNNING before and after. */
export const saved = (bench: Bench): Effect.Effect<Uint8Array, Broken> =>
  Effect.gen(function* () {
    yield* bench.go("STOP_COPY")
    const data = yield* bench.save(bench.piece)
    yield* bench.go("RUNNING")
    return data
  })

/** From RUNNING to a state, with all that it takes to leave it again. */
export const enter = (bench: Bench, state: MigrationState): Effect.Effect<void, Broken | NotApplicable> =>
  Effect.gen(function* () {
    yield* bench.needs(state)
    if (state === "RUNNING") return yield* bench.isIn("RUNNING")
    if (state !== "RESUMING") return yield* bench.go(state)
    const data = yield* saved(bench)
    yield* bench.go("RESUMING")
    yield* bench.load(data, bench.piece)
  })
