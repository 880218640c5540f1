/** A journal with the long history of one actor, and ways to read it. */
import { ActorSystem, Journal, Replay } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import Database from "better-sqlite3"
import { Effect, Stream } from "effect"
import { counter, encodedAppend } from "./counter.ts"
import { systemIn } from "./load.ts"
import { millisOf } from "./measure.ts"

/** The actor with the history. */
export const id = "long"
export const stream = `${counter.name}/${id}`

/** Appends under way at the same time while a journal is filled. */
const fillInFlight = 1024

/** Gives the actor in `file` events from number `first` on; not measured. */
export const fill = (file: string, first: number, events: number) =>
  Effect.provide(
    Effect.flatMap(Journal, (journal) =>
      Stream.range(first, first + events - 1).pipe(
        Stream.mapEffect((by) => journal.append(encodedAppend(stream, by, by)), { concurrency: fillInFlight }),
        Stream.runDrain
      )
    ),
    layerSqlite({ file })
  )

/** The behaviors of the journal. */
export const known = Replay.registry(Replay.replayable(counter))

/** Milliseconds to fold the actor with every check of the schemas. */
export const foldMillis = (file: string) =>
  Effect.provide(millisOf(Replay.stateAt(known, stream)), layerSqlite({ file }))

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

/** Keeps a snapshot of the actor after its event number `sequence`. */
export const saveSnapshot = (file: string, sequence: number) =>
  Effect.gen(function* () {
    const journal = yield* Journal
    const { state } = yield* Replay.stateAt(known, stream, sequence)
    yield* journal.saveSnapshot({
      stream,
      sequence,
      behaviorVersion: counter.version,
      versions: [[stream, sequence]],
      state: new TextEncoder().encode(state.json)
    })
  }).pipe(Effect.provide(layerSqlite({ file })))
