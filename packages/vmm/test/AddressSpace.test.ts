/** Windows that come and go while devices do: no device is left with a map of what is gone, none keeps others waiting. */
import { assert, it } from "@effect/vitest"
import { Disconnected } from "@stopcopy/vfio-user"
import { AddressSpace, GuestMemory, type Mapper, type Range } from "@stopcopy/vmm"
import { Effect, Exit, Fiber, Scope } from "effect"

const window = 0x20_0000_0000n
const target = { name: "peer", read: () => Effect.succeed(new Uint8Array(4)), write: () => Effect.void }

const makeSpace = Effect.flatMap(GuestMemory.make([{ address: 0x1000n, size: 0x1000 }]), AddressSpace.make)

/** A device that keeps what is mapped, each map after `before`. */
const device = (mapped: Set<bigint>, before: (range: Range) => ReturnType<Mapper["map"]>): Mapper => ({
  map: (range) =>
    Effect.map(before(range), () => {
      mapped.add(range.address)
    }),
  unmap: ({ address }) => Effect.sync(() => mapped.delete(address))
})

it.scoped("a device whose connection was lost does not keep a window from the others", () =>
  Effect.gen(function* () {
    const space = yield* makeSpace
    const [away, there] = [new Set<bigint>(), new Set<bigint>()]
    let isAway = false
    yield* space.join(
      device(away, () => (isAway ? Effect.fail(new Disconnected({ reason: "the test has it so" })) : Effect.void))
    )
    yield* space.join(device(there, () => Effect.void))
    isAway = true
    yield* space.addWindow(window, 0x1000, target)
    assert.deepStrictEqual([...away], [0x1000n])
    assert.deepStrictEqual([...there], [0x1000n, window])
  })
)

it.scoped("a window that goes while a device joins is mapped there no more", () =>
  Effect.gen(function* () {
    const space = yield* makeSpace
    const scope = yield* Scope.make()
    yield* Scope.extend(space.addWindow(window, 0x1000, target), scope)
    const [begun, goOn] = [yield* Effect.makeLatch(false), yield* Effect.makeLatch(false)]
    const mapped = new Set<bigint>()
    const joining = yield* Effect.fork(
      space.join(
        device(mapped, ({ address }) => (address === window ? Effect.zipRight(begun.open, goOn.await) : Effect.void))
      )
    )
    yield* begun.await
    const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
    yield* Effect.repeatN(Effect.yieldNow(), 10)
    yield* goOn.open
    yield* Effect.zipRight(Fiber.join(joining), Fiber.join(closing))
    assert.deepStrictEqual([...mapped], [0x1000n])
  })
)

it.scoped("a window that goes is gone on devices that came after it, too", () =>
  Effect.gen(function* () {
    const space = yield* makeSpace
    const scope = yield* Scope.make()
    yield* Scope.extend(space.addWindow(window, 0x1000, target), scope)
    const mapped = new Set<bigint>()
    yield* space.join(device(mapped, () => Effect.void))
    assert.deepStrictEqual([...mapped], [0x1000n, window])
    yield* Scope.close(scope, Exit.void)
    assert.deepStrictEqual([...mapped], [0x1000n])
  })
)
