/** A caller that gives up at any step on its way to a restored actor: whoever comes behind it gets the actor all the same. */
import { assert, it } from "@effect/vitest"
import { ActorSystem } from "@stopcopy/runtime"
import { Effect, Fiber, Scheduler } from "effect"
import { write } from "./Device.ts"
import { actor, scripted, turn } from "./worlds.ts"

/** Steps of a fiber that are tried: more than it has until the journal is asked. */
const steps = 40

/** Turns that all of a restoring and an ask need, and more. */
const manyTurns = 100

/** Makes its fiber give way before one step, and keeps it there until it is told to go on. */
class StopsAt extends Scheduler.MixedScheduler {
  private readonly step: number
  private taken = 0
  private waiting: Array<() => void> = []
  private isHolding = true

  constructor(step: number) {
    super(Number.MAX_SAFE_INTEGER)
    this.step = step
  }

  override shouldYield(): number | false {
    return ++this.taken === this.step ? 0 : false
  }

  override scheduleTask(task: () => void): void {
    if (this.isHolding && this.taken >= this.step) this.waiting.push(task)
    else queueMicrotask(task)
  }

  release(): void {
    this.isHolding = false
    for (const task of this.waiting.splice(0)) task()
  }
}

it.effect("interrupted at any step of a restoring, the actor is restored for the next one who asks", () =>
  Effect.gen(function* () {
    const stuck: Array<number> = []
    for (let step = 1; step <= steps; step++) {
      const { layer } = scripted(false)
      yield* Effect.gen(function* () {
        const one = yield* actor("0")
        yield* one.ask(write(1))
        yield* Effect.flatMap(ActorSystem, (system) => system.restart("device/0"))
        const scheduler = new StopsAt(step)
        const first = yield* Effect.fork(Effect.withScheduler(one.ask(write(2)), scheduler))
        for (let count = 0; count < manyTurns; count++) yield* turn
        yield* Fiber.interruptFork(first)
        yield* turn
        scheduler.release()
        const second = yield* Effect.fork(one.ask(write(3)))
        for (let count = 0; count < manyTurns; count++) yield* turn
        if ((yield* Fiber.poll(second))._tag === "None") stuck.push(step)
        yield* Fiber.interruptFork(second)
      }).pipe(Effect.provide(layer))
    }
    assert.deepStrictEqual(stuck, [])
  })
)
