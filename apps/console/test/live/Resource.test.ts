/** A resource: read while it is watched, and again with what changes it, not more often than people can see. */
import { assert, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { Resource } from "../../src/live/Resource.ts"

/** Waits until the resource has what is wanted. */
const until = (resource: Resource<number>, wanted: (now: ReturnType<Resource<number>["get"]>) => boolean) =>
  Effect.async<void>((resume) => {
    const look = () => {
      if (wanted(resource.get())) resume(Effect.sync(unsubscribe))
    }
    const unsubscribe = resource.subscribe(look)
    look()
  }).pipe(Effect.timeout("5 seconds"))

it.live("is read when somebody comes, and a burst of changes is one more reading", () =>
  Effect.gen(function* () {
    let reads = 0
    const resource = new Resource(Effect.sync(() => ++reads))
    assert.strictEqual(resource.get()._tag, "Loading")
    const leave = resource.subscribe(() => undefined)
    yield* until(resource, (now) => now._tag === "Ready" && now.value === 1)
    for (let change = 0; change < 100; change++) resource.invalidate()
    yield* until(resource, (now) => now._tag === "Ready" && now.value === 2)
    resource.change((value) => value + 40)
    assert.deepStrictEqual(resource.get(), { _tag: "Ready", value: 42, problem: undefined })
    leave()
    assert.isFalse(resource.isWatched)
    assert.strictEqual(reads, 2)
  })
)

it.live("what cannot be read again stays as it was, with the problem beside it", () =>
  Effect.gen(function* () {
    const problem = { title: "no", message: "no", code: "no", refusals: [] }
    const broken = yield* Deferred.make<void>()
    const resource = new Resource(
      Effect.flatMap(Deferred.isDone(broken), (isBroken) => (isBroken ? Effect.fail(problem) : Effect.succeed(7)))
    )
    const leave = resource.subscribe(() => undefined)
    yield* until(resource, (now) => now._tag === "Ready")
    yield* Deferred.succeed(broken, undefined)
    resource.invalidate()
    yield* until(resource, (now) => now._tag === "Ready" && now.problem !== undefined)
    assert.deepStrictEqual(resource.get(), { _tag: "Ready", value: 7, problem })
    leave()
    const never = new Resource<number>(Effect.fail(problem))
    const go = never.subscribe(() => undefined)
    yield* until(never, (now) => now._tag === "Failed")
    go()
  })
)
