/** Memory of a client that comes and goes: what is not mapped yet waits, and nothing faults while the device is being given back. */
import { assert, it } from "@effect/vitest"
import { Command, Messages } from "@stopcopy/vfio-user"
import { Effect, Fiber, Option } from "effect"
import { dmaMap, read } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const attached = Effect.gen(function* () {
  const all = yield* serving()
  const client = all.connect().version()
  const user = yield* Effect.orDie(Effect.fromNullable(all.device.user))
  return { client, dma: user.dma }
})

const settled = Effect.repeatN(Effect.yieldNow(), 20)

it.scoped("until the client's first other command, what is not mapped waits", () =>
  Effect.gen(function* () {
    const { client, dma } = yield* attached
    const early = yield* Effect.fork(dma.mayWrite(0x2000n, 8))
    const never = yield* Effect.fork(Effect.flip(dma.mayWrite(0x9000n, 8)))
    yield* settled
    client.ask(Command.DMA_MAP, dmaMap(0n, 4096n))
    client.ask(
      Command.DEVICE_GET_INFO,
      Messages.DeviceInfo.encode({ argsz: 16, flags: 0, regions: 0, interruptTypes: 0 })
    )
    yield* settled
    assert.isTrue(Option.isNone(yield* Fiber.poll(early)))
    client.ask(Command.DMA_MAP, dmaMap(0x2000n, 4096n))
    client.ask(Command.REGION_READ, read(0, 0, 4))
    yield* Fiber.join(early)
    assert.deepInclude(yield* Fiber.join(never), { _tag: "DmaFault", address: 0x9000n })
    assert.strictEqual((yield* Effect.flip(dma.mayWrite(0x9000n, 8)))._tag, "DmaFault")
  })
)

it.scoped("what waits for the memory of a client that leaves ends with it", () =>
  Effect.gen(function* () {
    const { client, dma } = yield* attached
    const waiting = yield* Effect.fork(Effect.flip(dma.mayWrite(0x2000n, 8)))
    yield* settled
    client.lose()
    assert.strictEqual((yield* Fiber.join(waiting))._tag, "DmaFault")
  })
)
