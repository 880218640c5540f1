/** The client's memory over the connection: the rules of section 9, several transfers at once, clients that answer badly or not at all. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Header, Message, Messages } from "@stopcopy/vfio-user"
import type { DmaFault } from "@stopcopy/vfio"
import { Effect, Either, Exit, Fiber } from "effect"
import type { MemoryConnection, Received } from "../support/MemoryConnection.ts"
import { dmaMap, dmaUnmap, read, write } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const { DMA_MAP, DMA_READ, DMA_UNMAP, DMA_WRITE, REGION_READ, REGION_WRITE } = Command
const size = 0x10_0000n
const { DmaTransfer } = Messages

const isCommand = ({ flags }: Received): boolean => (flags & Header.typeMask) === Header.typeCommand
const commandsOf = (client: MemoryConnection) => client.messages.filter(isCommand)
const requestOf = ({ payload }: Received) => Either.getOrThrow(DmaTransfer.decode(payload))

/** The reply of a client that has `memory` from address 0 on. */
const replyOf = (memory: Uint8Array, message: Received): Uint8Array => {
  const { address, count, data } = requestOf(message)
  const at = Number(address)
  if (message.command === DMA_WRITE) memory.set(data, at)
  const answer = message.command === DMA_READ ? memory.slice(at, at + count) : new Uint8Array(0)
  return Message.encodeReply(message.id, message.command, DmaTransfer.encode({ address, count, data: answer }))
}

const mapped = (capabilities: Messages.Capabilities.Capabilities = {}, flags = 3) =>
  Effect.gen(function* () {
    const all = yield* serving()
    const client = all.connect().version(capabilities)
    client.ask(DMA_MAP, dmaMap(0n, size, flags))
    const { user } = all.device
    if (user === undefined) return yield* Effect.dieMessage("not attached")
    const memory = new Uint8Array(Number(size)).map((_, index) => index * 31)
    return { ...all, client, memory, dma: user.dma }
  })

const faultOf = <A>(exit: Exit.Exit<A, DmaFault>): string =>
  Exit.match(exit, {
    onSuccess: () => "no fault",
    onFailure: (cause) =>
      cause._tag === "Fail" ? `${cause.error._tag} 0x${cause.error.address.toString(16)}` : cause._tag
  })

describe("a transfer", () => {
  it.scoped("reads and writes the client's memory, in pieces of what it takes", () =>
    Effect.gen(function* () {
      const { client, dma, memory } = yield* mapped({ maxDataXferSize: 1000 })
      client.onMessage = (message) => {
        if (isCommand(message)) client.raw(replyOf(memory, message))
      }
      assert.deepStrictEqual(yield* dma.read(0x123n, 4096), memory.slice(0x123, 0x123 + 4096))
      assert.deepStrictEqual(
        commandsOf(client).map((message) => [message.command, requestOf(message).count]),
        [1000, 1000, 1000, 1000, 96].map((count) => [DMA_READ, count])
      )
      const data = new Uint8Array(2500).fill(9)
      yield* dma.write(0x2001n, data)
      assert.deepStrictEqual(memory.subarray(0x2001, 0x2001 + 2500), data)
      assert.strictEqual(commandsOf(client).length, 8)
    })
  )

  it.scoped("has pieces of 128 KiB at most, eight in flight, answered in any order", () =>
    Effect.gen(function* () {
      const { client, dma, memory } = yield* mapped({ maxDataXferSize: 64 * 1024 * 1024 })
      const before = client.messages.length
      const fiber = yield* Effect.fork(dma.read(0n, Number(size)))
      const other = yield* Effect.fork(dma.read(16n, 16))
      yield* Effect.yieldNow()
      const first = client.messages.slice(before)
      assert.deepStrictEqual(
        first.map((message) => requestOf(message).count),
        Array.from({ length: 8 }, () => 128 * 1024)
      )
      for (const message of first.toReversed()) client.raw(replyOf(memory, message))
      assert.deepStrictEqual(yield* Fiber.join(fiber), memory)
      const [last] = client.messages.slice(before + 8)
      assert.isDefined(last)
      if (last !== undefined) client.raw(replyOf(memory, last))
      assert.deepStrictEqual(yield* Fiber.join(other), memory.slice(16, 32))
    })
  )

  it.scoped("that the protection forbids sends nothing", () =>
    Effect.gen(function* () {
      const { client, dma } = yield* mapped({}, 1)
      const fault = yield* Effect.exit(dma.write(0n, new Uint8Array(8)))
      assert.deepStrictEqual([faultOf(fault), commandsOf(client).length], ["DmaFault 0x0", 0])
    })
  )

  it.scoped("faults at once where the client takes no data", () =>
    Effect.gen(function* () {
      const { client, dma } = yield* mapped({ maxDataXferSize: 0 })
      assert.strictEqual(faultOf(yield* Effect.exit(dma.read(8n, 8))), "DmaFault 0x8")
      assert.strictEqual(commandsOf(client).length, 0)
    })
  )

  const bad: ReadonlyArray<readonly [name: string, reply: (message: Received) => Uint8Array]> = [
    ["an errno", ({ command, id }) => Message.encodeErrorReply(id, command, 14)],
    ["an errno that nobody knows", ({ command, id }) => Message.encodeErrorReply(id, command, 0xffff)],
    ["a bare header", ({ command, id }) => Message.encodeReply(id, command)],
    ["another address", (message) => reply(message, { address: 1n })],
    ["another count", (message) => reply(message, { count: 7 })],
    ["less data", (message) => reply(message, { data: new Uint8Array(7) })]
  ]
  const reply = (message: Received, fields: Partial<Messages.DmaTransfer.DmaTransfer>) => {
    const { address, count } = requestOf(message)
    const data = new Uint8Array(message.command === DMA_READ ? 8 : 0)
    return Message.encodeReply(message.id, message.command, DmaTransfer.encode({ address, count, data, ...fields }))
  }
  for (const [name, answer] of bad) {
    it.scoped(`that is answered with ${name} is a fault, and the next one is served`, () =>
      Effect.gen(function* () {
        const { client, dma, memory } = yield* mapped()
        const answers = [answer]
        client.onMessage = (message) => {
          if (isCommand(message)) client.raw(answers.shift()?.(message) ?? replyOf(memory, message))
        }
        assert.strictEqual(faultOf(yield* Effect.exit(dma.read(64n, 8))), "DmaFault 0x40")
        assert.deepStrictEqual(yield* dma.read(64n, 8), memory.slice(64, 72))
      })
    )
  }

  it.scoped("ends with the connection, and later ones fault", () =>
    Effect.gen(function* () {
      const { client, dma } = yield* mapped()
      const fibers = yield* Effect.forEach([0n, 64n], (address) => Effect.fork(dma.read(address, 8)))
      yield* Effect.yieldNow()
      assert.strictEqual(commandsOf(client).length, 2)
      client.lose()
      for (const fiber of fibers) assert.match(faultOf(yield* Fiber.await(fiber)), /DmaFault/)
      assert.strictEqual(faultOf(yield* Effect.exit(dma.read(0n, 8))), "DmaFault 0x0")
    })
  )

  it.scoped("that is interrupted leaves an id behind that takes its late reply", () =>
    Effect.gen(function* () {
      const { client, dma, memory } = yield* mapped()
      const fiber = yield* Effect.fork(dma.read(0n, 8))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      const [late] = commandsOf(client)
      const next = yield* Effect.fork(dma.read(8n, 8))
      yield* Effect.yieldNow()
      const before = client.messages.length
      for (const message of commandsOf(client)) client.raw(replyOf(memory, message))
      assert.deepStrictEqual(yield* Fiber.join(next), memory.slice(8, 16))
      assert.strictEqual(client.messages.length, before)
      // Once more it is a reply that nobody waits for.
      if (late !== undefined) client.raw(replyOf(memory, late))
      assert.strictEqual(client.messages.at(-1)?.error, 22)
    })
  )

  it.scoped("does not reach memory that was unmapped", () =>
    Effect.gen(function* () {
      const { client, dma } = yield* mapped()
      client.ask(DMA_UNMAP, dmaUnmap(0n, size))
      assert.strictEqual(faultOf(yield* Effect.exit(dma.read(0x5000n, 8))), "DmaFault 0x5000")
    })
  )
})

describe("commands while a command waits for the client's memory", () => {
  /** A device whose writes wait for 4 bytes of the client's memory. */
  const copying = Effect.gen(function* () {
    const gate: { open: Effect.Effect<void> } = { open: Effect.void }
    const all = yield* serving({ gate: Effect.suspend(() => gate.open) })
    const client = all.connect().version()
    client.ask(DMA_MAP, dmaMap(0n, size))
    gate.open = Effect.orDie(Effect.asVoid(all.device.user?.dma.read(0n, 4) ?? Effect.void))
    return { ...all, client, memory: new Uint8Array(Number(size)) }
  })

  it.scoped("wait for their turn, the reply passes them, and reading goes on", () =>
    Effect.gen(function* () {
      const { client, memory } = yield* copying
      const first = client.command(REGION_WRITE, write(0, 0, new Uint8Array([7])))
      const second = client.command(REGION_READ, read(0, 0, 1))
      const [request] = commandsOf(client)
      assert.isDefined(request)
      assert.deepStrictEqual(
        [client.replyTo(first), client.replyTo(second), client.isPaused],
        [undefined, undefined, false]
      )
      if (request !== undefined) client.raw(replyOf(memory, request))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      assert.isDefined(client.replyTo(first))
      const [, again] = commandsOf(client)
      if (again !== undefined) client.raw(replyOf(memory, again))
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      assert.deepStrictEqual(client.replyTo(second)?.payload, write(0, 0, new Uint8Array([7])))
    })
  )

  it.scoped("are kept up to a limit; then the transfer is given up, and no more is received", () =>
    Effect.gen(function* () {
      const { client } = yield* copying
      const first = client.command(REGION_WRITE, write(0, 0, new Uint8Array([7])))
      const large = Message.encodeCommand(1, Command.MIG_DATA_WRITE, new Uint8Array(1024 * 1024))
      for (let index = 0; index < 3; index++) client.raw(large)
      assert.deepStrictEqual([client.isPaused, client.replyTo(first)], [false, undefined])
      client.raw(large)
      yield* Effect.yieldNow()
      // The device's own defect: its gate died with the transfer.
      assert.strictEqual(client.replyTo(first)?.error, 5)
      assert.isFalse(client.isClosed)
    })
  )
})
