/** What a process that died left on its tapes is told to those who read its journal, and stays as it is. */
import { assert, it } from "@effect/vitest"
import { ActorSystem, Behavior, Journal } from "@stopcopy/runtime"
import { layerSqlite } from "@stopcopy/runtime/sqlite"
import { Effect, Layer, Schema } from "effect"
import { cp, mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { tellOfTapes } from "../../src/journal/OnTapes.ts"

const Pressed = Schema.TaggedStruct("Pressed", { key: Schema.Int })

const keyboard = Behavior.make({
  name: "keyboard",
  version: 1,
  state: Schema.Struct({ keys: Schema.Int }),
  command: Schema.TaggedStruct("Press", { key: Schema.Int }),
  event: Pressed,
  initial: { keys: 0 },
  decide: (_, { key }) => Behavior.accept([{ _tag: "Pressed", key } as const], undefined),
  evolve: ({ keys }) => ({ keys: keys + 1 }),
  packing: {
    type: "Pressed",
    entryBytes: 4,
    write: ({ key }, view, offset) => {
      view.setUint32(offset, key, true)
      return true
    },
    read: (view, offset) => ({ _tag: "Pressed" as const, key: view.getUint32(offset, true) }),
    command: ({ key }) => ({ _tag: "Press" as const, key })
  }
})

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "stopcopy-tapes-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true }))
)

/** What is said of the journal at `path`. */
const told = (path: string) =>
  Effect.gen(function* () {
    const said: Array<unknown> = []
    yield* Effect.flatMap(Journal, (journal) => tellOfTapes(path, journal)).pipe(
      Effect.provide(layerSqlite({ file: path, readOnly: true })),
      (telling) =>
        Effect.consoleWith((base) =>
          Effect.withConsole(telling, { ...base, error: (text) => Effect.sync(() => void said.push(text)) })
        )
    )
    return said
  })

it.scoped("entries that are on tapes only are counted; nothing is said of a journal without any", () =>
  Effect.gen(function* () {
    const place = yield* folder
    const live = join(place, "live.db")
    const left = join(place, "left.db")
    yield* Effect.gen(function* () {
      const one = yield* Effect.flatMap(ActorSystem, (system) => system.actor(keyboard, "0"))
      yield* one.askAll([7, 8, 9].map((key) => ({ _tag: "Press", key })))
      for (const end of ["", "-wal", "-tapes"]) {
        yield* Effect.promise(() => cp(`${live}${end}`, `${left}${end}`, { recursive: true }))
      }
    }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, layerSqlite({ file: live, tapes: true }))))
    const before = yield* Effect.promise(() => readdir(`${left}-tapes`))
    assert.deepStrictEqual(yield* told(left), [
      `stopcopy: ${left}: 3 packed events more on tapes; the journal has them when its owner takes them in`
    ])
    assert.deepStrictEqual(yield* Effect.promise(() => readdir(`${left}-tapes`)), before)
    assert.deepStrictEqual(yield* told(live), [])
  })
)

it.scoped("batches that are in a spool only are counted, as long as they are", () =>
  Effect.gen(function* () {
    const place = yield* folder
    const live = join(place, "live.db")
    yield* Effect.gen(function* () {
      const one = yield* Effect.flatMap(ActorSystem, (system) => system.actor(keyboard, "0"))
      yield* one.ask({ _tag: "Press", key: 7 })
      yield* one.ask({ _tag: "Press", key: 8 })
      assert.deepStrictEqual(yield* told(live), [
        `stopcopy: ${live}: 2 batches more in its spool; the journal has them when its owner takes them in`
      ])
      yield* Effect.flatMap(Journal, (journal) => journal.sync())
      assert.deepStrictEqual(yield* told(live), [])
    }).pipe(Effect.provide(Layer.provideMerge(ActorSystem.layer, layerSqlite({ file: live, spool: true }))))
  })
)
