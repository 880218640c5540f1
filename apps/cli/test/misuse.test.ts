/** Files that `decode` and `replay` cannot read: each is a misuse with one line, told in this process. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { FileSystem } from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import { Pf } from "@stopcopy/qat"
import { ActorSystem } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer, Option } from "effect"
import { join } from "node:path"
import { decode } from "../src/decode/decode.ts"
import { replay } from "../src/replay/replay.ts"
import { replayOptions, terminal } from "./commands.ts"

const folder = Effect.flatMap(FileSystem, (files) => files.makeTempDirectoryScoped({ prefix: "stopcopy-misuse-" }))

const sla = { service: 1, ringPairMask: 1n, cir: 1, pir: 2 }

/** A journal with two events of one PF; the second one is a refusal. */
const writeJournal = (file: string) =>
  Effect.gen(function* () {
    const pf = yield* (yield* ActorSystem).actor(Pf.behavior, "0000:6b:00.0")
    yield* pf.ask({ _tag: "LockMailbox", vf: 1, holder: "migration" })
    yield* Effect.ignore(pf.ask({ _tag: "AddSla", sla }))
  }).pipe(Effect.provide(Layer.provide(ActorSystem.layer, layerSqlite({ file }))))

const replayOf = (journal: string, at?: string, stream?: string) =>
  Effect.flip(replay(replayOptions([journal], { at: Option.fromNullable(at), stream: Option.fromNullable(stream) })))

const assertMisuse = (error: { readonly _tag: string; readonly message: string }, reason: string): void => {
  assert.strictEqual(error._tag, "Misuse")
  assert.notInclude(error.message, "\n")
  assert.include(error.message, reason)
}

it.scoped("decode: no such file, a directory, an empty file, text", () =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    const path = yield* folder
    const read = (name: string) => Effect.flip(decode({ file: Option.some(join(path, name)), json: false }))
    yield* files.writeFileString(join(path, "empty"), "")
    yield* files.writeFileString(join(path, "text"), "no block")
    assertMisuse(yield* read("none"), "none: there is no such file")
    assertMisuse(yield* read("."), "it is a directory")
    assertMisuse(yield* read("empty"), "empty is empty")
    assertMisuse(yield* read("text"), '"n" is no hexadecimal digit')
  }).pipe(Effect.provide(NodeContext.layer))
)

it.scoped("replay: something else, a directory, an unknown stream, an event out of range", () =>
  Effect.gen(function* () {
    const files = yield* FileSystem
    const path = yield* folder
    const [text, journal] = [join(path, "text"), join(path, "journal.db")]
    yield* files.writeFileString(text, "this is no database, though it is long enough\n".repeat(40))
    yield* writeJournal(journal)
    assertMisuse(yield* replayOf(text), "not a SQLite database")
    assertMisuse(yield* replayOf(path), "is a directory")
    assertMisuse(yield* replayOf(journal, undefined, "vf/x"), "no stream vf/x; the journal has pf/0000:6b:00.0")
    assertMisuse(yield* replayOf(journal, "1", "vf/x"), "no stream vf/x")
    assertMisuse(yield* replayOf(journal, "3"), "journal.db has no event 3: its events are 1 to 2")
    assertMisuse(yield* replayOf("/dev/null"), "it is a pipe or a device")
  }).pipe(Effect.provide(Layer.merge(NodeContext.layer, terminal)))
)
