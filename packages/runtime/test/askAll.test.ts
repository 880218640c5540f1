/** Many turns in one: what shares a record, what stands alone, and what is kept where one of them is refused or breaks. */
import { assert, describe, it } from "@effect/vitest"
import {
  ActorSystem,
  AppendTooLarge,
  Behavior,
  Journal,
  Supervision,
  VersionConflict,
  encodings,
  withCorrelation
} from "@stopcopy/runtime"
import type { Actor } from "@stopcopy/runtime"
import { Cause, Chunk, Effect, Either, Exit, Layer, Stream } from "effect"
import { device, write } from "./Device.ts"
import type { Command } from "./Device.ts"
import { MemoryTapes } from "./MemoryTapes.ts"
import { actor, batches, journals, scripted } from "./worlds.ts"

const refused = { _tag: "Move", file: 9, bytes: new Uint8Array(1) } as const
const open = { _tag: "Open", file: 1 } as const

/** Answers as values, refusals as the names of their errors. */
const askAll = <S, R extends { readonly _tag: string }>(
  one: Actor<S, Command, number, R>,
  commands: ReadonlyArray<Command>,
  durability: "written" | "durable" = "written"
) =>
  Effect.map(one.askAll(commands, { durability }), (answers) =>
    answers.map((answer) => Either.match(answer, { onLeft: ({ _tag }) => _tag, onRight: (value) => value }))
  )

const twin = Effect.provide(actor("0"), ActorSystem.layer)

const suite = <E>(layer: Layer.Layer<Journal, E>): void => {
  const world = Layer.provideMerge(ActorSystem.layer, layer)

  it.effect("packed events of neighbours share a record, refusals and looks between them included", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      const commands = [write(1), refused, write(2), { _tag: "Look" }, write(3)] as const
      assert.deepStrictEqual(yield* askAll(one, commands), [1, "EINVAL", 2, 2, 3])
      assert.deepStrictEqual(yield* batches, ["RegisterWritten 3"])
      assert.deepStrictEqual((yield* twin).unsafeState(), one.unsafeState())
    }).pipe(Effect.provide(world))
  )

  it.effect("a command with ordinary events stands alone, in its place", () =>
    Effect.gen(function* () {
      for (const durability of ["written", "durable"] as const) {
        const one = yield* actor(durability)
        assert.deepStrictEqual(
          yield* askAll(one, [write(1), open, write(2), write(-1), write(3)], durability),
          [1, 1, 2, 3, 4]
        )
        assert.deepStrictEqual((yield* batches).slice(-5), [
          "RegisterWritten 1",
          "[FileOpened 1]",
          "RegisterWritten 1",
          "[RegisterWritten 1]",
          "RegisterWritten 1"
        ])
        const again = yield* Effect.provide(actor(durability), ActorSystem.layer)
        assert.deepStrictEqual(again.unsafeState(), one.unsafeState())
      }
    }).pipe(Effect.provide(world))
  )

  it.effect("A5: a defect in the middle: what was before is kept, what is behind is not", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      const commands = [write(1), open, write(2), { _tag: "Break", where: "evolve" }, write(3)] as const
      const exit = yield* Effect.exit(one.askAll(commands))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      assert.include(yield* one.state, { writes: 2, last: 2 })
      assert.strictEqual(yield* one.ask(write(4)), 3)
    }).pipe(Effect.provide(world))
  )
}

const limits = <E>(layer: Layer.Layer<Journal, E>): void => {
  const world = Layer.provideMerge(ActorSystem.layer, layer)

  it.effect("A5: an event outside its schema in the middle: what was before is kept, what is behind is not", () =>
    Effect.gen(function* () {
      const leaking: typeof device = {
        ...device,
        decide: (state, command) =>
          command._tag === "Open"
            ? Behavior.accept([{ _tag: "FileOpened", file: 0.5 }], 0)
            : device.decide(state, command)
      }
      const one = yield* Effect.flatMap(ActorSystem, (system) => system.actor(leaking, "0"))
      for (const durability of ["written", "durable"] as const) {
        const exit = yield* Effect.exit(one.askAll([write(1), open, write(2)], { durability }))
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      }
      assert.include(yield* one.state, { writes: 2, last: 1 })
    }).pipe(Effect.provide(world))
  )

  it.effect("nothing asked is nothing answered, nothing recorded; refusals alone record nothing", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      for (const durability of ["written", "durable"] as const) {
        assert.deepStrictEqual(yield* askAll(one, [], durability), [])
        assert.deepStrictEqual(yield* askAll(one, [refused, refused], durability), ["EINVAL", "EINVAL"])
      }
      assert.deepStrictEqual(yield* batches, [])
    }).pipe(Effect.provide(world))
  )

  it.effect("with a correlation every record has it, and is an entry of a plain run", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      yield* one.askAll([write(1), write(2)]).pipe(withCorrelation("m-1"))
      const journal = yield* Journal
      const events = Chunk.toReadonlyArray(yield* Stream.runCollect(journal.events(0)))
      assert.deepStrictEqual(
        events.map(({ correlation, encoding }) => [correlation, encoding]),
        [
          ["m-1", encodings.packed],
          ["m-1", encodings.packed]
        ]
      )
    }).pipe(Effect.provide(world))
  )

  it.effect("more packed events than a run holds are several runs", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      yield* one.askAll(Array.from({ length: 5000 }, (_, value) => write(value)))
      assert.strictEqual((yield* twin).unsafeState().writes, 5000)
      assert.include(one.unsafeState(), { writes: 5000, last: 4999 })
    }).pipe(Effect.provide(world))
  )
}

for (const [name, layer] of Object.entries(journals)) {
  describe(`over ${name}`, () => {
    suite(layer)
    limits(layer)
  })
}

it.effect("the error is that of the first part that failed, also where a later one has another, or none", () =>
  Effect.gen(function* () {
    const tooLarge = Either.left(new AppendTooLarge({ what: "a payload", actual: 2, limit: 1 }))
    const conflict = Either.left(new VersionConflict({ stream: "device/0", expected: 2, actual: 1 }))
    for (const synchronous of [true, false]) {
      for (const last of [[conflict], []]) {
        const { layer, script } = scripted(synchronous)
        yield* Effect.gen(function* () {
          const one = yield* actor("0")
          script.twists.push((answers) => [
            ...answers.slice(0, 1),
            tooLarge,
            ...answers.slice(2, 3 - last.length),
            ...last
          ])
          const error = yield* Effect.flip(one.askAll([write(1), open, write(2)], { durability: "durable" }))
          assert.include(error, { _tag: "AppendTooLarge" })
          assert.strictEqual(script.commits[0]?.streams.length, 3)
          assert.strictEqual(yield* one.ask(write(3)), 3)
        }).pipe(Effect.provide(layer))
      }
    }
  })
)

it.effect("A5: a packing that throws at the tape is recorded, and the actor goes on", () =>
  Effect.gen(function* () {
    const { packing } = device
    assert.isDefined(packing)
    const breaking: typeof device = {
      ...device,
      packing: packing && {
        ...packing,
        // What is asked whether it fits has a view for one entry.
        write: (event, view, offset) => {
          if (event._tag === "RegisterWritten" && event.value === 13 && view.byteLength > packing.entryBytes) {
            throw new Error("packing is broken")
          }
          return packing.write(event, view, offset)
        }
      }
    }
    const one = yield* Effect.flatMap(ActorSystem, (system) => system.actor(breaking, "0"))
    const broken: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
      one.ask(write(13)),
      one.askAll([write(1), write(13)]),
      one.askAll([write(1), open, write(13)])
    ]
    for (const asked of broken) {
      const exit = yield* Effect.exit(asked)
      assert.match(Exit.match(exit, { onFailure: Cause.pretty, onSuccess: () => "answered" }), /packing is broken/)
    }
    const supervisor = yield* Effect.flatMap(ActorSystem, (system) => system.actor(Supervision.behavior, "device/0"))
    assert.include(yield* supervisor.state, { stops: broken.length })
    assert.include(yield* one.state, { writes: 1, last: 1 })
    assert.strictEqual(yield* one.ask(write(2)), 2)
  }).pipe(Effect.provide(scripted(true, {}, { tapes: new MemoryTapes() }).layer))
)
