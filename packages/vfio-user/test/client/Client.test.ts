/** The client against a scripted peer: order of replies, timeouts, interruption, limits, and what ends a connection. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Scope, TestClock } from "effect"
import { Command } from "../../src/Command.ts"
import { makeClient, withTimeout } from "../../src/Client.ts"
import * as Header from "../../src/Header.ts"
import { encodeErrorReply, encodeReply } from "../../src/Message.ts"
import * as MigData from "../../src/messages/MigData.ts"
import * as RegionAccess from "../../src/messages/RegionAccess.ts"
import * as SetIrqs from "../../src/messages/SetIrqs.ts"
import * as Version from "../../src/messages/Version.ts"
import { makePeer, type PeerOptions, type Received } from "./peer.ts"

/** A peer, and a client of it. */
const connected = (options?: PeerOptions) =>
  Effect.gen(function* () {
    const peer = makePeer(options)
    const client = yield* makeClient(peer.open, {
      closeDescriptor: (descriptor) => peer.closedDescriptors.push(descriptor)
    })
    return { peer, client }
  })

/** The reply to REGION_READ: every byte is `fill`. */
const dataReply = ({ command, id, payload }: Received, fill: number): Uint8Array => {
  const view = new DataView(payload.buffer)
  const count = RegionAccess.countAt(view, 0)
  const data = new Uint8Array(command === Command.REGION_READ ? count : 0).fill(fill)
  const [offset, region] = [RegionAccess.offsetAt(view, 0), RegionAccess.regionAt(view, 0)]
  return encodeReply(id, command, RegionAccess.encode({ offset, region, count, data }))
}

const joined = (messages: ReadonlyArray<Uint8Array>): Uint8Array => Buffer.concat(messages)

describe("calls", () => {
  it.scoped("calls of one turn share a send, and replies come in any order", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      const before = peer.sends()
      const reads = yield* Effect.forEach([0, 4, 8], (offset) => Effect.fork(client.readWord(0, offset, 4)))
      const asked = [yield* peer.next, yield* peer.next, yield* peer.next]
      assert.strictEqual(peer.sends(), before + 1)
      assert.lengthOf(new Set(asked.map(({ id }) => id)), 3)
      peer.send(joined(asked.map((message, index) => dataReply(message, index)).reverse()))
      assert.deepStrictEqual(yield* Effect.forEach(reads, Fiber.join), [0, 0x0101_0101, 0x0202_0202])
    })
  )

  it.scoped("replies are put together from any split", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      for (const size of [1, 7, 16, 33, 50]) {
        const reads = yield* Effect.forEach([3, 9], (length) => Effect.fork(client.readRegion(1, 0, length)))
        const replies = joined([dataReply(yield* peer.next, 5), dataReply(yield* peer.next, 6)])
        for (let at = 0; at < replies.length; at += size) peer.send(replies.slice(at, at + size))
        const [first, second] = yield* Effect.forEach(reads, Fiber.join)
        assert.deepStrictEqual([[...(first ?? [])], [...(second ?? [])]], [[5, 5, 5], new Array(9).fill(6)])
      }
    })
  )

  it.scoped("an errno is the errno's class, and any number comes through", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected({
        respond: ({ command, id, payload }) =>
          encodeErrorReply(id, command, new DataView(payload.buffer).getUint32(0, true))
      })
      const errorOf = (offset: number) => Effect.flip(client.readWord(0, offset, 4))
      const known = yield* errorOf(22)
      assert.strictEqual(known._tag, "EINVAL")
      const unknown = yield* errorOf(0xbeef)
      assert(unknown._tag === "UnknownErrno")
      assert.strictEqual(unknown.errno, 0xbeef)
      assert.include(unknown.message, "REGION_READ")
      const zero = yield* errorOf(0)
      assert(zero._tag === "UnknownErrno")
      assert.strictEqual(zero.errno, 0)
      assert.isFalse(peer.isClosed())
    })
  )

  it.scoped("an error reply may carry a payload", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      const read = yield* Effect.fork(Effect.flip(client.readWord(0, 0, 4)))
      const reply = dataReply(yield* peer.next, 0)
      const view = new DataView(reply.buffer)
      view.setUint32(8, Header.typeReply | Header.errorReply, true)
      view.setUint32(12, 14, true)
      peer.send(reply)
      assert.strictEqual((yield* Fiber.join(read))._tag, "EFAULT")
    })
  )

  it.scoped("a call without a reply times out after 5 seconds; its late reply is ignored", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      const read = yield* Effect.fork(Effect.flip(client.readWord(0, 0, 4)))
      const asked = yield* peer.next
      yield* TestClock.adjust("4900 millis")
      assert.isNull(read.unsafePoll())
      yield* TestClock.adjust("300 millis")
      const error = yield* Fiber.join(read)
      assert(error._tag === "CallTimedOut")
      assert.strictEqual(error.message, "REGION_READ: no reply within 5000 ms")
      peer.send(dataReply(asked, 1))
      const next = yield* Effect.fork(client.readWord(0, 0, 4))
      peer.send(dataReply(yield* peer.next, 2))
      assert.strictEqual(yield* Fiber.join(next), 0x0202_0202)
    })
  )

  it.scoped("a call may have another timeout", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      const read = yield* Effect.fork(Effect.flip(withTimeout(30_000)(client.reset)))
      yield* peer.next
      yield* TestClock.adjust("29 seconds")
      assert.isNull(read.unsafePoll())
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* Fiber.join(read))._tag, "CallTimedOut")
    })
  )

  it.scoped("an interrupted call is forgotten, and its id is not used before its reply has come", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      const read = yield* Effect.fork(client.readWord(0, 0, 4))
      const first = yield* peer.next
      yield* Fiber.interrupt(read)
      const other = yield* Effect.fork(client.readWord(0, 0, 4))
      const second = yield* peer.next
      assert.notStrictEqual(second.id, first.id)
      peer.send(joined([dataReply(first, 1), dataReply(second, 2)]))
      assert.strictEqual(yield* Fiber.join(other), 0x0202_0202)
      yield* Effect.fork(client.readWord(0, 0, 4))
      assert.include([first.id, second.id], (yield* peer.next).id)
    })
  )

  it.scoped("a call of the core that is forgotten is told nothing, neither a reply nor the end", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      const told: Array<string> = []
      const waiting = { replied: () => void told.push("reply"), failed: () => void told.push("failure") }
      const [answered, lost, kept] = [0, 4, 8].map((offset) => client.core.read(0, offset, 4, 50, { ...waiting }))
      const other = { ...waiting }
      const forgotten = client.core.read(0, 12, 4, 50, other)
      client.core.forget(forgotten, other)
      assert.lengthOf(new Set([answered, lost, kept, forgotten]), 4)
      peer.send(dataReply(yield* peer.next, 1))
      const rest = [yield* peer.next, yield* peer.next, yield* peer.next]
      peer.send(joined(rest.slice(2).map((message) => dataReply(message, 1))))
      peer.vanish()
      yield* client.ended
      assert.deepStrictEqual(told, ["reply", "failure", "failure"])
      assert.strictEqual(client.core.read(0, 0, 4, 50, waiting), -1)
      assert.lengthOf(told, 4)
    })
  )

  it.scoped("many calls at once have ids of their own", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected({ respond: (message) => dataReply(message, 1) })
      const offsets = Array.from({ length: 5000 }, (_, index) => index)
      const words = yield* Effect.forEach(offsets, (offset) => client.readWord(0, offset, 1), {
        concurrency: "unbounded"
      })
      assert.isTrue(words.every((word) => word === 1))
      assert.isBelow(peer.sends(), 100)
    })
  )
})

describe("what ends a connection", () => {
  const readOf = (reply: (asked: Received) => Uint8Array) =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      const [read, other] = [
        yield* Effect.fork(Effect.flip(client.readWord(0, 0, 4))),
        yield* Effect.fork(Effect.flip(client.info))
      ]
      const asked = yield* peer.next
      peer.send(reply(asked))
      const [error, others] = [yield* Fiber.join(read), yield* Fiber.join(other)]
      assert.isTrue(peer.isClosed())
      assert.strictEqual(others._tag, error._tag)
      assert.strictEqual((yield* Effect.flip(client.readWord(0, 0, 4)))._tag, error._tag)
      assert.strictEqual((yield* client.ended)._tag, error._tag)
      return error.message
    })
  const patched = (asked: Received, patch: (view: DataView) => void): Uint8Array => {
    const reply = dataReply(asked, 0)
    patch(new DataView(reply.buffer))
    return reply
  }

  it.scoped("replies that break the protocol", () =>
    Effect.gen(function* () {
      const cases: ReadonlyArray<readonly [said: string, patch: (view: DataView) => void]> = [
        ["a message has 16 to 1052672 bytes, found 15 bytes", (view) => view.setUint32(4, 15, true)],
        ["found 4294967295 bytes", (view) => view.setUint32(4, 0xffff_ffff, true)],
        ["a reply has the id of a call that waits, found id 65535", (view) => view.setUint16(0, 0xffff, true)],
        ["the reply to REGION_READ repeats its command, found REGION_WRITE", (view) => view.setUint16(2, 10, true)],
        ["a message is a command or a reply, found type 2", (view) => view.setUint32(8, 2, true)]
      ]
      for (const [said, patch] of cases) {
        assert.include(yield* Effect.scoped(readOf((asked) => patched(asked, patch))), said)
      }
      const short = yield* Effect.scoped(readOf((asked) => encodeReply(asked.id, asked.command, new Uint8Array(19))))
      assert.include(short, "the reply to REGION_READ has at least 36 bytes, found 35 bytes")
    })
  )

  it.scoped("a peer that vanishes fails all calls", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      const read = yield* Effect.fork(Effect.flip(client.readWord(0, 0, 4)))
      yield* peer.next
      peer.vanish(new Error("ECONNRESET"))
      const error = yield* Fiber.join(read)
      assert(error._tag === "Disconnected")
      assert.include(error.message, "ECONNRESET")
      assert.strictEqual((yield* Effect.flip(client.postRegion(0, 0, new Uint8Array(4))))._tag, "Disconnected")
    })
  )

  it.effect("the end of the scope closes the connection, and sends what was begun", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { client, peer } = yield* Scope.extend(connected(), scope)
      client.core.postWrite(0, 0, new Uint8Array(4))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* peer.next).command, Command.REGION_WRITE)
      yield* client.ended
      assert.isTrue(peer.isClosed())
    })
  )

  it.live("a client that was made where nothing interrupts ends with its scope all the same", () =>
    Effect.scoped(Effect.asVoid(Effect.uninterruptible(connected()))).pipe(Effect.timeout("5 seconds"))
  )

  it.scoped("descriptors that come in are closed, also those of a message that never became whole", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected({ passesDescriptors: true })
      const read = yield* Effect.fork(client.readWord(0, 0, 4))
      peer.send(dataReply(yield* peer.next, 1), [70, 71])
      yield* Fiber.join(read)
      assert.deepStrictEqual(peer.closedDescriptors, [70, 71])
      peer.send(new Uint8Array(10), [72])
      peer.send(new Uint8Array(2), [73])
      peer.vanish()
      yield* client.ended
      assert.deepStrictEqual(peer.closedDescriptors, [70, 71, 72, 73])
    })
  )
})

describe("limits of the peer", () => {
  it.scoped("reads, writes and migration data are cut to what the server takes", () =>
    Effect.gen(function* () {
      const taken: Array<Received> = []
      const { client } = yield* connected({
        capabilities: { maxDataXferSize: 1000 },
        respond: (message) => {
          taken.push(message)
          return message.command === Command.MIG_DATA_WRITE
            ? encodeReply(message.id, message.command)
            : dataReply(message, taken.length)
        }
      })
      assert.strictEqual(client.negotiated.maxDataBytes, 1000)
      const bytes = yield* client.readRegion(0, 5, 2500)
      assert.deepStrictEqual([bytes[999], bytes[1000], bytes[2499]], [1, 2, 3])
      yield* client.writeRegion(0, 0, new Uint8Array(1001))
      yield* client.writeMigrationData(new Uint8Array(2000))
      assert.deepStrictEqual(
        taken.map(({ payload }) => payload.length),
        [16, 16, 16, 1016, 17, 1008, 1008]
      )
      assert.deepStrictEqual([...(yield* client.readRegion(0, 0, 0))], [])
    })
  )

  it.scoped("eventfds go in messages of at most as many as the server takes", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected({ capabilities: { maxMsgFds: 2 }, passesDescriptors: true })
      const assigned = yield* Effect.fork(client.assignEventfds(2, 4, [50, 51, 52]))
      const messages = [yield* peer.next]
      peer.send(encodeReply(messages[0]?.id ?? 0, Command.DEVICE_SET_IRQS))
      messages.push(yield* peer.next)
      peer.send(encodeReply(messages[1]?.id ?? 0, Command.DEVICE_SET_IRQS))
      yield* Fiber.join(assigned)
      assert.deepStrictEqual(
        messages.map(({ descriptors }) => descriptors),
        [[50, 51], [52]]
      )
      const requests = yield* Effect.forEach(messages, ({ payload }) => SetIrqs.decode(payload))
      assert.deepStrictEqual(
        requests.map(({ count, flags, index, start }) => [index, start, count, flags]),
        [
          [2, 4, 2, 0x24],
          [2, 6, 1, 0x24]
        ]
      )
    })
  )

  it.scoped("a connection that passes descriptors needs somebody to close them", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(makeClient(makePeer({ passesDescriptors: true }).open))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    })
  )

  it.scoped("without descriptors, eventfds and files are refused before anything is sent", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected({ capabilities: { maxMsgFds: 8 } })
      const before = peer.sends()
      const file = { descriptor: 9, offset: 0n }
      const mapping = { address: 0n, size: 4096n, read: true, write: true, file }
      assert.strictEqual((yield* Effect.flip(client.assignEventfds(2, 0, [50])))._tag, "ENOTSUP")
      assert.strictEqual((yield* Effect.flip(client.dmaMap(mapping)))._tag, "ENOTSUP")
      assert.strictEqual((yield* Effect.flip(client.writeMultiple([])))._tag, "ENOTSUP")
      assert.strictEqual(peer.sends(), before)
    })
  )

  it.scoped("posted writes wait while the connection takes no more", () =>
    Effect.gen(function* () {
      const { client, peer } = yield* connected()
      peer.fill()
      yield* client.postRegion(0, 0, new Uint8Array(4))
      assert.strictEqual((yield* peer.next).flags, Header.noReply)
      const held = yield* Effect.fork(client.postRegion(0, 4, new Uint8Array(4)))
      yield* Effect.yieldNow()
      assert.isNull(held.unsafePoll())
      peer.drain()
      yield* Fiber.join(held)
      assert.strictEqual((yield* peer.next).command, Command.REGION_WRITE)
    })
  )

  it.scoped("of padded migration data only the size counts; more than was asked for is a violation", () =>
    Effect.gen(function* () {
      let size = 3
      const { client } = yield* connected({
        respond: ({ command, id }) =>
          encodeReply(id, command, MigData.encode({ argsz: 0, size, data: new Uint8Array(100).fill(7) }))
      })
      assert.deepStrictEqual([...(yield* client.readMigrationData(100))], [7, 7, 7])
      size = 101
      assert.strictEqual((yield* Effect.flip(client.readMigrationData(100)))._tag, "ProtocolViolation")
    })
  )
})

describe("VERSION", () => {
  const versionReply = (major: number, minor: number, capabilities = {}) => ({
    answer: ({ command, id }: Received) => encodeReply(id, command, Version.encode({ major, minor, capabilities }))
  })

  it.scoped("the proposal names limits and extensions, and the answer decides", () =>
    Effect.gen(function* () {
      const proposals: Array<Received> = []
      const { client } = yield* connected({
        answer: (proposal) => {
          proposals.push(proposal)
          const extensions = { p2p: true, dataSize: true }
          const capabilities = { maxMsgFds: 8, maxDataXferSize: 1 << 20, writeMultiple: true, extensions }
          return versionReply(0, 0, capabilities).answer(proposal)
        }
      })
      const { capabilities } = yield* Version.decode(proposals[0]?.payload ?? new Uint8Array(0))
      assert.strictEqual(capabilities.maxMsgFds, 0)
      assert.deepStrictEqual(capabilities.extensions, { p2p: true, dataSize: true, precopyInfo: true })
      const { extensions, maxDataBytes, maxDescriptors, minor, writeMultiple } = client.negotiated
      assert.deepStrictEqual([minor, maxDataBytes, maxDescriptors, writeMultiple], [0, 131_072, 0, true])
      assert.deepStrictEqual(extensions, { p2p: true, dataSize: true, precopyInfo: false })
    })
  )

  it.effect("what the client cannot work with is refused, and the connection closed", () =>
    Effect.gen(function* () {
      for (const options of [versionReply(1, 0), versionReply(0, 2), versionReply(0, 1, { maxDataXferSize: 0 })]) {
        const peer = makePeer(options)
        const error = yield* Effect.flip(Effect.scoped(makeClient(peer.open)))
        assert.strictEqual(error._tag, "VersionRefused")
        yield* Effect.yieldNow()
        assert.isTrue(peer.isClosed())
      }
      const refusing = makePeer({ answer: ({ command, id }) => encodeErrorReply(id, command, 22) })
      assert.strictEqual((yield* Effect.flip(Effect.scoped(makeClient(refusing.open))))._tag, "EINVAL")
      const garbled = makePeer({
        answer: ({ command, id }) => encodeReply(id, command, new TextEncoder().encode("....{"))
      })
      assert.strictEqual((yield* Effect.flip(Effect.scoped(makeClient(garbled.open))))._tag, "ProtocolViolation")
    })
  )
})
