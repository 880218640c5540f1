/**
 * A process that has a device with its engine, over a journal and a guest's memory in files: register writes come in by messages, each is answered
 * when it is written. Never ends by itself.
 */
import { Vf } from "@stopcopy/qat"
import { ActorSystem, deciderOf } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer, Logger, LogLevel, Schema } from "effect"
import { attachDevice, openDevice, serviceMaps } from "../support/guest/Device.ts"
import { fileDma } from "../support/guest/FileMemory.ts"

/** A register write, with the number that its answer has. */
const Message = Schema.Struct({ id: Schema.Int, offset: Schema.Int, value: Schema.Int })

const program = (memory: string) =>
  Effect.gen(function* () {
    const dma = yield* fileDma(memory)
    const found = yield* attachDevice("17", dma)
    const isOpen = (yield* found.driver.vf.state).lifecycle === "open"
    const { driver } = isOpen
      ? found
      : yield* openDevice("17", dma, { pf: { svcmap: serviceMaps.symmetricAndCompression } })
    const runtime = yield* Effect.runtime()
    const serve = (message: unknown): Effect.Effect<void, unknown> =>
      Effect.gen(function* () {
        const { id, offset, value } = yield* Schema.decodeUnknown(Message)(message)
        yield* driver.writeRegister(0, offset, value)
        process.send?.(id)
      })
    process.on("message", (message) => {
      Effect.runPromise(Effect.provide(serve(message), runtime)).catch((error: unknown) => {
        throw error
      })
    })
    process.send?.("ready")
    return yield* Effect.never
  })

/** What the child does, given the paths of the journal and of the guest's memory. */
export const serveDevice = (journal: string, memory: string): Promise<unknown> =>
  Effect.runPromise(
    Effect.scoped(program(memory)).pipe(
      Effect.provide(
        Layer.provideMerge(
          ActorSystem.layer,
          layerSqlite({ file: journal, tapes: true, spool: true, deciders: [deciderOf(Vf.behavior)] })
        )
      ),
      // That a tape is taken in after a kill is what is wanted.
      Logger.withMinimumLogLevel(LogLevel.Warning)
    )
  )
