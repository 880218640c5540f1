/** Journals that the same tests run over: in memory, in a file, and asynchronous; and a world of actors over a script. */
import { ActorSystem, deciderOf, Journal, makeJournal } from "@stopcopy/runtime"
import type { ActorOptions, Envelope, JournalDriver, JournalOptions } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Chunk, Effect, Layer, Stream } from "effect"
import { device } from "./Device.ts"
import { temporaryFile } from "./files.ts"
import { asynchronousDriver, Gate, Script, scriptedDriver } from "./ScriptedDriver.ts"

const layerOf = (driver: JournalDriver, options?: JournalOptions) => Layer.scoped(Journal, makeJournal(driver, options))

/** A fresh journal of each kind. */
export const journals = {
  memory: Journal.layerMemory,
  SQLite: Layer.unwrapScoped(Effect.map(temporaryFile, (file) => layerSqlite({ file }))),
  "SQLite with tapes": Layer.unwrapScoped(Effect.map(temporaryFile, (file) => layerSqlite({ file, tapes: true }))),
  "SQLite with a spool": Layer.unwrapScoped(
    Effect.map(temporaryFile, (file) => layerSqlite({ file, tapes: true, spool: true }))
  ),
  "SQLite with commands that stand for their events": Layer.unwrapScoped(
    Effect.map(temporaryFile, (file) => layerSqlite({ file, tapes: true, spool: true, deciders: [deciderOf(device)] }))
  ),
  "an asynchronous storage": Layer.suspend(() => layerOf(asynchronousDriver(new Script())))
}

/** A system over a journal whose commits go by a script, and whose calls wait at gates if it is asynchronous. */
export const scripted = (
  synchronous: boolean,
  options: Partial<ActorOptions> = {},
  journal: JournalOptions = {},
  other?: JournalDriver
) => {
  const script = new Script()
  const gates = { commits: new Gate(), reads: new Gate() }
  const driver = other ?? (synchronous ? scriptedDriver(script) : asynchronousDriver(script, gates))
  const layer = Layer.provideMerge(ActorSystem.layerWith(options), layerOf(driver, journal))
  return { script, ...gates, driver, layer }
}

/** The actor `device/<id>`. */
export const actor = (id: string) => Effect.flatMap(ActorSystem, (system) => system.actor(device, id))

/** Every event in the journal. */
export const recorded = Effect.flatMap(Journal, (journal) =>
  Effect.map(Stream.runCollect(journal.events(0)), (events): ReadonlyArray<Envelope> => Chunk.toReadonlyArray(events))
)

/** Lets every fiber run that can. */
export const turn = Effect.yieldNow({ priority: 1 })

/** Records of every batch, as `<type> <count>`, those of a batch with a command in brackets. */
export const batches = Effect.flatMap(Journal, (journal) =>
  Effect.map(Stream.runCollect(journal.batches(0)), (all) =>
    Chunk.toReadonlyArray(all).map(({ command, records }) => {
      const text = records.map(({ count, type }) => `${type} ${count}`).join(", ")
      return command === null ? text : `[${text}]`
    })
  )
)
