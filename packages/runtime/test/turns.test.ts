/** Turns of actors over every kind of journal: order, answers, conflicts, supervision, many fibers. */
import { assert, describe, it } from "@effect/vitest"
import { ActorSystem, Behavior, Supervision, Verify } from "@stopcopy/runtime"
import type { AskOptions, Journal } from "@stopcopy/runtime"
import { Cause, Effect, Either, Exit, Fiber, Layer } from "effect"
import { device, write } from "./Device.ts"
import { actor, journals, recorded } from "./worlds.ts"

const durabilities: ReadonlyArray<AskOptions> = [{ durability: "durable" }, { durability: "written" }]

/** The same actor in a system of its own, as another process has it. */
const stranger = Effect.provide(actor("0"), ActorSystem.layer)

/** A device whose `Open` gives an event outside its schema. */
const leaking = {
  ...device,
  decide: (state: typeof device.initial, command: Parameters<typeof device.decide>[1]) =>
    command._tag === "Open"
      ? Behavior.accept([{ _tag: "FileOpened", file: 0.5 } as const], 0)
      : device.decide(state, command)
}

const suite = <E>(layer: Layer.Layer<Journal, E>): void => {
  const world = Layer.provideMerge(ActorSystem.layer, layer)

  it.effect("A2, A6: pipelined asks of one actor keep their order, and each gets the answer of its own turn", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      const answers = yield* Effect.all(
        Array.from({ length: 60 }, (_, value) => one.ask(write(value), durabilities[value % 3])),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        answers,
        answers.map((_, index) => index + 1)
      )
      assert.include(one.unsafeState(), { writes: 60, last: 59 })
      assert.deepStrictEqual((yield* stranger).unsafeState(), one.unsafeState())
      assert.include(yield* Verify.verify(), { sequence: 60 })
    }).pipe(Effect.provide(world))
  )

  it.effect("A6: 1,000 fibers on one actor: every turn once, in one order, each on the one before", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      const answers = yield* Effect.forEach(
        Array.from({ length: 1000 }, (_, value) => value),
        (value) => Effect.zipRight(Effect.yieldNow(), one.ask(write(value), durabilities[value % 2])),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        answers.toSorted((left, right) => left - right),
        answers.map((_, index) => index + 1)
      )
      const events = yield* recorded
      assert.deepStrictEqual(
        events.map(({ sequence, version }) => [sequence, version]),
        answers.map((_, index) => [index + 1, index + 1])
      )
      assert.strictEqual((yield* stranger).unsafeState().writes, 1000)
    }).pipe(Effect.provide(world))
  )
}

const conflicts = <E>(layer: Layer.Layer<Journal, E>): void => {
  const world = Layer.provideMerge(ActorSystem.layer, layer)

  it.effect("A4: two systems over one journal conflict in turn, lose nothing that was answered, and go on", () =>
    Effect.gen(function* () {
      const twins = [yield* actor("0"), yield* stranger]
      let answered = 0
      let conflicts = 0
      for (let round = 0; round < 40; round++) {
        const twin = twins[round % 3 === 0 ? 0 : 1]
        const command = { _tag: "Open", file: round } as const
        const outcome = yield* Effect.either(twin?.ask(command, durabilities[round % 2]) ?? Effect.die("no twin"))
        if (Either.isRight(outcome)) answered++
        else {
          assert.strictEqual(outcome.left._tag, "VersionConflict")
          conflicts++
        }
      }
      assert.isAbove(answered, 10)
      assert.strictEqual(answered + conflicts, 40)
      assert.strictEqual((yield* recorded).length, answered)
    }).pipe(Effect.provide(world))
  )
}

const breaking = <E>(layer: Layer.Layer<Journal, E>): void => {
  const world = Layer.provideMerge(ActorSystem.layer, layer)

  it.effect(
    "A5: a defect in decide, in evolve, or an event outside its schema is recorded, and the actor goes on",
    () =>
      Effect.gen(function* () {
        const one = yield* Effect.flatMap(ActorSystem, (system) => system.actor(leaking, "0"))
        yield* one.ask({ _tag: "Drain", id: 3 })
        const broken = [
          { _tag: "Break", where: "decide" },
          { _tag: "Break", where: "evolve" },
          { _tag: "Open", file: 1 }
        ] as const
        for (const command of broken) {
          for (const options of durabilities) {
            const exit = yield* Effect.exit(one.ask(command, options))
            assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
            assert.strictEqual((yield* one.state).drain?.id, 3)
          }
        }
        const supervisor = yield* Effect.flatMap(ActorSystem, (system) =>
          system.actor(Supervision.behavior, "device/0")
        )
        assert.include(yield* supervisor.state, { stops: 6 })
        assert.match((yield* supervisor.state).defect ?? "", /Expected an integer, actual 0\.5/)
        assert.strictEqual(yield* one.ask(write(1)), 1)
        assert.strictEqual((yield* recorded).length, 8)
      }).pipe(Effect.provide(world))
  )

  it.effect("interrupting one who waits for its commit harms neither the turn nor those behind it", () =>
    Effect.gen(function* () {
      const one = yield* actor("0")
      const asked = yield* Effect.forEach([1, 2, 3], (value) =>
        Effect.fork(one.ask(write(value), { durability: "durable" }))
      )
      yield* Effect.yieldNow()
      const [first, ...others] = asked
      if (first !== undefined) yield* Fiber.interrupt(first)
      assert.deepStrictEqual(yield* Fiber.join(Fiber.all(others)), [2, 3])
      assert.include(yield* one.state, { writes: 3, last: 3 })
    }).pipe(Effect.provide(world))
  )
}

for (const [name, layer] of Object.entries(journals)) {
  describe(`over ${name}`, () => {
    suite(layer)
    conflicts(layer)
    breaking(layer)
  })
}
