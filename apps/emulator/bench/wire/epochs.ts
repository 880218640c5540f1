/**
 * The durable records of a real migration beside its walks: the destination's vote, the commit, the fence of the source, the adoption. Each is recorded by an actor in the
 * journal of the side that it belongs to, *durably*, as the emulator and the coordinator do it, before the next is asked for. What it does not measure: the
 * agents' HTTP, in whose place stands a socket with a line for each record.
 */
import { EpochActor, type Epochs } from "@stopcopy/agent"
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Deferred, Effect, Layer, Runtime, type Scope } from "effect"
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs"
import { createConnection, createServer, type Socket } from "node:net"

type Record = Epochs.EpochRecord

const name = "17:00.1"
const digest = "0123456789abcdef".repeat(4)

/** The socket of a side's epochs, beside that of its device. */
const besideOf = (path: string): string => `${path}.epochs`

/** Records in this process what a line says, and answers with an empty one when it is durable. */
export const recordEpochs = (path: string) =>
  Effect.gen(function* () {
    const epochs = yield* Effect.flatMap(ActorSystem, (system) => system.actor(EpochActor.behavior, name))
    const runFork = Runtime.runFork(yield* Effect.runtime())
    const server = createServer((socket) =>
      socket.on("data", (data) => {
        const record: Record = JSON.parse(data.toString())
        const recorded = epochs.ask({ _tag: "RecordEpoch", ...record }, { durability: "durable" })
        runFork(Effect.andThen(recorded, () => void socket.write("\n")))
      })
    )
    yield* Effect.async<void>((resume) => void server.listen(besideOf(path), () => resume(Effect.void)))
  })

/** Tells one side to record something, and waits until it has. */
export type Tell = (standing: Record["standing"]) => Effect.Effect<void>

/** Epochs of every record so far: each is another one, or it would not be recorded. */
let epoch = 0

const next = (standing: Record["standing"]): Record => ({
  epoch: ++epoch,
  standing,
  digest: standing === "granted" ? digest : null
})

/** The epochs of the side that serves at `path`. */
export const epochsOf = (path: string): Effect.Effect<Tell, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<Socket>((resume) => {
        const socket = createConnection(besideOf(path), () => resume(Effect.succeed(socket)))
      }),
      (socket) => Effect.sync(() => socket.destroy())
    ),
    (socket) => {
      let waiting: Deferred.Deferred<void> | undefined
      socket.on("data", () => waiting && Deferred.unsafeDone(waiting, Effect.void))
      return (standing) =>
        Effect.flatMap(Deferred.make<void>(), (told) => {
          waiting = told
          socket.write(JSON.stringify(next(standing)))
          return Deferred.await(told)
        })
    }
  )

/** The commit of the coordinator, in a journal of its own in this process. */
export const commits = (file: string): Effect.Effect<Effect.Effect<void, unknown>, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Layer.build(Layer.provideMerge(ActorSystem.layer, layerSqlite({ file, tapes: true })))
    const commit = yield* Effect.provide(
      Effect.flatMap(ActorSystem, (system) => system.actor(EpochActor.behavior, "commit")),
      context
    )
    return Effect.suspend(() => commit.ask({ _tag: "RecordEpoch", ...next("held") }, { durability: "durable" }))
  })

/** Size of a page of a write-ahead log, in bytes. */
const pageBytes = 4096

/** The floor of durable records: appends of a page to a file, each synced before the next. Times a second that `count` of them are done. */
export const syncedAppends = (file: string, count: number, times: number): number => {
  const fd = openSync(`${file}.floor`, "w")
  const page = new Uint8Array(pageBytes)
  const begun = performance.now()
  for (let left = count * times; left > 0; left--) {
    writeSync(fd, page)
    fdatasyncSync(fd)
  }
  closeSync(fd)
  return times / ((performance.now() - begun) / 1000)
}
