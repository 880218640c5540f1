/** A journal with the long history of one actor, and ways to read it. */
import { ActorSystem, Journal, Replay } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import Database from "better-sqlite3"
import { Array, Effect, Stream } from "effect"
import { counter, encodedAppend } from "./counter.ts"
import { submitAll, systemIn } from "./load.ts"
import { millisOf } from "@stopcopy/workbench"

/** The actor with the history. */
export const id = "long"
export const stream = `${counter.name}/${id}`

/** Gives the actor in `file` events from number `first` on; not measured. */
export const fill = (file: string, first: number, events: number) =>
  Effect.provide(
    submitAll(Array.makeBy(events, (index) => encodedAppend(stream, first + index, first + index))),
    layerSqlite({ file })
  )

/** The behaviors of the journal. */
export const known = Replay.registry(Replay.replayable(counter))

/** Folds the actor with every check of the schemas: milliseconds, and the JSON of the state. */
export const fold = (file: string) =>
  Effect.gen(function* () {
    let json = ""
    const millis = yield* millisOf(Effect.map(Replay.stateAt(known, stream), ({ state }) => void (json = state.json)))
    return { millis, json }
  }).pipe(Effect.provide(layerSqlite({ file })))

/** Milliseconds to show every event, decoded. */
export const timelineMillis = (file: string) =>
  Effect.provide(millisOf(Stream.runDrain(Replay.timeline(known))), layerSqlite({ file }))

/** Milliseconds until the actor can be asked, in a system that has just started. */
export const restoreMillis = (file: string) =>
  systemIn(
    file,
    Effect.flatMap(ActorSystem, (system) => millisOf(system.actor(counter, id)))
  )

/** Removes every snapshot: what is restored then is folded from the first event. */
export const removeSnapshots = (file: string) =>
  Effect.sync(() => {
    const database = new Database(file)
    database.exec("DELETE FROM snapshot")
    database.close()
  })

/** Keeps the JSON of the actor's state as a snapshot after its event number `sequence`. */
export const saveSnapshot = (file: string, sequence: number, json: string) =>
  Effect.provide(
    Effect.flatMap(Journal, (journal) =>
      journal.saveSnapshot({
        stream,
        sequence,
        behaviorVersion: counter.version,
        versions: [[stream, sequence]],
        state: new TextEncoder().encode(json)
      })
    ),
    layerSqlite({ file })
  )
