/** Commands of the server: served from the client's memory, in order, also while the client's own calls wait. */
import { assert, it } from "@effect/vitest"
import { type DmaAccess, DmaFault } from "@stopcopy/vfio"
import { Deferred, Effect, Either, Fiber } from "effect"
import { makeClient } from "../../src/Client.ts"
import { maxWaitingCommands } from "../../src/client/ServerCommands.ts"
import { Command } from "../../src/Command.ts"
import * as Header from "../../src/Header.ts"
import { encodeCommand, encodeReply } from "../../src/Message.ts"
import * as DmaTransfer from "../../src/messages/DmaTransfer.ts"
import { makePeer } from "./peer.ts"

const base = 0x1000n
const noData = new Uint8Array(0)

/** Some bytes from 0x1000 on. `reached` is waited for before each access, if it is there. */
const makeMemory = (bytes: Uint8Array, reached?: Effect.Effect<void>): DmaAccess => {
  const inside = (address: bigint, length: number) =>
    address >= base && address + BigInt(length) <= base + BigInt(bytes.length)
  const at = (address: bigint) => Number(address - base)
  const access = <A>(address: bigint, length: number, direction: "read" | "write", run: () => A) => {
    const now = (): Either.Either<A, DmaFault> =>
      inside(address, length) ? Either.right(run()) : Either.left(new DmaFault({ address, length, direction }))
    return reached === undefined ? now() : Effect.flatMap(reached, now)
  }
  return {
    read: (address, length) => access(address, length, "read", () => bytes.subarray(at(address), at(address) + length)),
    write: (address, data) => access(address, data.length, "write", () => bytes.set(data, at(address))),
    mayWrite: (address, length) => access(address, length, "write", () => undefined)
  }
}

const read = (id: number, address: bigint, count: number): Uint8Array =>
  encodeCommand(id, Command.DMA_READ, DmaTransfer.encode({ address, count, data: noData }))

const write = (id: number, address: bigint, data: Uint8Array, wantsReply = true): Uint8Array =>
  encodeCommand(id, Command.DMA_WRITE, DmaTransfer.encode({ address, count: data.length, data }), wantsReply)

const connected = (dma?: DmaAccess) =>
  Effect.gen(function* () {
    const peer = makePeer()
    const client = yield* makeClient(peer.open, dma === undefined ? {} : { dma })
    return { peer, client }
  })

it.scoped("memory is read and written while a call of the client waits", () =>
  Effect.gen(function* () {
    const bytes = new Uint8Array(16)
    const { client, peer } = yield* connected(makeMemory(bytes))
    const reset = yield* Effect.fork(client.reset)
    const asked = yield* peer.next
    peer.send(write(7, base + 2n, Uint8Array.of(1, 2, 3)))
    peer.send(read(8, base, 6))
    const [written, got] = [yield* peer.next, yield* peer.next]
    assert.deepStrictEqual([written.id, written.command, written.flags], [7, Command.DMA_WRITE, Header.typeReply])
    assert.deepStrictEqual(yield* DmaTransfer.decode(written.payload), { address: base + 2n, count: 3, data: noData })
    assert.deepStrictEqual([...(yield* DmaTransfer.decode(got.payload)).data], [0, 0, 1, 2, 3, 0])
    assert.isNull(reset.unsafePoll())
    peer.send(encodeReply(asked.id, asked.command))
    yield* Fiber.join(reset)
  })
)

it.scoped("refusals have an errno, and the connection lives", () =>
  Effect.gen(function* () {
    const { client, peer } = yield* connected(makeMemory(new Uint8Array(16)))
    const lengthWrong = DmaTransfer.encode({ address: base, count: 5, data: new Uint8Array(4) })
    const cases: ReadonlyArray<readonly [errno: number, message: Uint8Array]> = [
      [14, read(1, 0n, 4)],
      [14, write(1, base + 14n, new Uint8Array(4))],
      [22, read(1, base, 0x10_0001)],
      [22, encodeCommand(1, Command.DMA_WRITE, lengthWrong)],
      [22, encodeCommand(1, Command.DMA_READ, new Uint8Array(15))],
      [95, encodeCommand(1, Command.REGION_READ, new Uint8Array(16))],
      [95, encodeCommand(1, 99)]
    ]
    for (const [errno, message] of cases) {
      peer.send(message)
      const { error, flags, id, payload } = yield* peer.next
      assert.deepStrictEqual([id, error, flags, payload.length], [1, errno, 0x21, 0])
    }
    assert.isUndefined(client.core.ended())
  })
)

it.scoped("a client without memory faults", () =>
  Effect.gen(function* () {
    const { peer } = yield* connected()
    peer.send(read(1, 0n, 4))
    assert.strictEqual((yield* peer.next).error, 14)
  })
)

it.scoped("a write that wants no reply gets none", () =>
  Effect.gen(function* () {
    const bytes = new Uint8Array(4)
    const { peer } = yield* connected(makeMemory(bytes))
    peer.send(write(1, base, Uint8Array.of(9), false))
    peer.send(write(2, 0n, Uint8Array.of(9), false))
    peer.send(read(3, base, 1))
    const { id, payload } = yield* peer.next
    assert.deepStrictEqual([id, ...(yield* DmaTransfer.decode(payload)).data], [3, 9])
  })
)

it.scoped("memory that must be waited for keeps the order of commands", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const { client, peer } = yield* connected(makeMemory(new Uint8Array(4), Deferred.await(gate)))
    const info = yield* Effect.fork(client.reset)
    const asked = yield* peer.next
    // One buffer for both: what waits must have been copied.
    const message = write(1, base, Uint8Array.of(5))
    peer.send(message)
    peer.send(read(2, base, 1))
    peer.send(encodeReply(asked.id, asked.command))
    yield* Fiber.join(info)
    message.fill(0)
    yield* Deferred.succeed(gate, undefined)
    const [first, second] = [yield* peer.next, yield* peer.next]
    assert.deepStrictEqual([first.id, second.id], [1, 2])
    assert.deepStrictEqual([...(yield* DmaTransfer.decode(second.payload)).data], [5])
  })
)

it.scoped("a server that floods a client whose memory is slow is let go", () =>
  Effect.gen(function* () {
    const { client, peer } = yield* connected(makeMemory(new Uint8Array(4), Effect.never))
    for (let id = 0; id < maxWaitingCommands + 2; id++) peer.send(read(id, base, 1))
    const ended = yield* client.ended
    assert.include(ended.message, "at most 1024 commands of the server wait")
  })
)

it.scoped("a defect of the memory fails the transfer alone", () =>
  Effect.gen(function* () {
    const memory = makeMemory(new Uint8Array(4))
    const { peer } = yield* connected({ ...memory, read: () => Effect.die("gone") })
    peer.send(read(1, base, 1))
    peer.send(write(2, base, new Uint8Array(1)))
    const [failed, written] = [yield* peer.next, yield* peer.next]
    assert.deepStrictEqual([failed.error, written.error], [5, 0])
  })
)
