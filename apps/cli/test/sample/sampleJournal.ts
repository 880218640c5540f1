/**
 * A journal that is the same every time but for times and ids: three PFs with a VF each; a VF whose guest works moves from the first to the second, and is
 * refused by the third.
 */
import type { Errno } from "@stopcopy/errno"
import { Hardware } from "@stopcopy/qat"
import { ActorSystem, type JournalError, withCorrelation } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer } from "effect"
import { chunkSizes } from "./Chunks.ts"
import { build, type Placed } from "./Fleet.ts"
import * as Guest from "./Guest.ts"
import { migrate } from "./Migration.ts"

const seed = 6
/** Rounds of work before the migration. */
const roundsBefore = 20

const workBefore: ReadonlyArray<Guest.Write> = [
  ...Guest.start,
  ...Array.from({ length: roundsBefore }, (_, index) => Guest.work(index + 1)).flat()
]

const move = (source: Placed, destination: Placed): Effect.Effect<void, Errno | JournalError> =>
  migrate({
    source: source.driver,
    destination: destination.driver,
    nextSize: chunkSizes(seed),
    guestRuns: (chunk) => Guest.perform(source.driver, Guest.work(roundsBefore + chunk)),
    guestInP2P: Guest.perform(source.driver, Guest.burst(0, 60, 8))
  }).pipe(withCorrelation(`demo/${source.address}`))

/** Writes it to a new file. */
export const writeSampleJournal = (file: string) =>
  Effect.gen(function* () {
    const { destination, lacking, source } = yield* build
    yield* Guest.perform(source.driver, workBefore)
    yield* move(source, destination)
    yield* Effect.zipRight(source.driver.reset, source.driver.close)
    yield* Effect.flip(move(destination, lacking))
  }).pipe(Effect.provide(Layer.merge(Hardware.layerIdle, ActorSystem.layer.pipe(Layer.provide(layerSqlite({ file }))))))
