/** A client that has just come, and whose maps come one after the other: the device waits for them, for a while. */
import { assert, it } from "@effect/vitest"
import { Command, Message, Messages } from "@stopcopy/vfio-user"
import { Effect, Either, Exit, Fiber, TestClock } from "effect"
import { dmaMap } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const { DMA_MAP, DMA_READ } = Command

const settled = Effect.repeatN(Effect.yieldNow(), 20)

const began = Effect.gen(function* () {
  const { connect, device } = yield* serving({}, { mapGraceMillis: 1000 })
  const client = connect().version()
  const read = Effect.suspend(() => device.user?.dma.read(0x1000n, 4) ?? Effect.dieMessage("nobody has the device"))
  return { client, read }
})

it.scoped("an access waits for the map that has its memory, past others", () =>
  Effect.gen(function* () {
    const { client, read } = yield* began
    client.onMessage = ({ command, id, payload }) => {
      if (command !== DMA_READ) return
      const data = new Uint8Array([1, 2, 3, 4])
      const request = Either.getOrThrow(Messages.DmaTransfer.decode(payload))
      client.raw(Message.encodeReply(id, DMA_READ, Messages.DmaTransfer.encode({ ...request, data })))
    }
    const reading = yield* Effect.fork(read)
    yield* settled
    client.ask(DMA_MAP, dmaMap(0x8000n, 0x1000n))
    yield* settled
    assert.strictEqual((yield* Fiber.poll(reading))._tag, "None")
    client.ask(DMA_MAP, dmaMap(0x1000n, 0x1000n))
    assert.deepStrictEqual([...(yield* Fiber.join(reading))], [1, 2, 3, 4])
  })
)

it.scoped("an access faults when the time is over, and at once after that", () =>
  Effect.gen(function* () {
    const { read } = yield* began
    const reading = yield* Effect.fork(Effect.flip(read))
    yield* settled
    yield* TestClock.adjust("999 millis")
    assert.strictEqual((yield* Fiber.poll(reading))._tag, "None")
    yield* TestClock.adjust("1 millis")
    assert.strictEqual((yield* Fiber.join(reading))._tag, "DmaFault")
    assert.isTrue(Exit.isFailure(yield* Effect.exit(read)))
  })
)
