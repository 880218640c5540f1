/** One connection to a server for two clients: whose messages go where, in which order, and what becomes of a guest that is wrong, slow, or gone. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Header, Message, Messages, share } from "@stopcopy/vfio-user"
import { Effect, Fiber, Logger, LogLevel, Utils } from "effect"
import { makePeer, type PeerOptions, type Received } from "../client/peer.ts"
import { answerOf, MemoryConnection } from "../support/MemoryConnection.ts"
import { dmaMap, dmaUnmap, feature, GET, irqs, migData, read, SET, words, write } from "../support/payloads.ts"

const quiet = Logger.minimumLogLevel(LogLevel.None)

/** Lets what was sent arrive. */
const settle = Effect.repeatN(
  Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void))),
  3
)

const [enodev, einval, ebusy, enotconn] = [19, 22, 16, 107]
const info = words(16, 0, 0, 0)

interface Guests {
  readonly errno?: number
  readonly maxWaitingClients?: number
}

/** A server by hand, its client, and a way in for guests. */
const shared = (options: PeerOptions = {}, { errno = 0, maxWaitingClients = 8 }: Guests = {}) =>
  Effect.gen(function* () {
    const peer = makePeer({ capabilities: { migration: { pageSize: 4096 }, maxMsgFds: 8 }, ...options })
    const closed: Array<number> = []
    const closeDescriptor = (descriptor: number): void => void closed.push(descriptor)
    const sharing = share("nic", closeDescriptor)
    const client = yield* sharing.makeClient(peer.open)
    // Guests share the connection of the client that is given, whatever was made since.
    yield* sharing.makeClient(makePeer(options).open)
    let isThere = true
    const present = Effect.suspend(() => (isThere ? Effect.succeed(client) : Effect.fail({ message: "it is away" })))
    const accept = yield* sharing.serve({ client: present, refuses: () => errno, maxWaitingClients })
    const connect = (passes = true) => new MemoryConnection(passes).connect(accept)
    /** One that is served, or waits for it. */
    const guest = (capabilities: Messages.Capabilities.Capabilities = {}, passes = true) =>
      Effect.gen(function* () {
        const one = connect(passes)
        one.command(Command.VERSION, Messages.Version.encode({ major: 0, minor: 2, capabilities }), { id: 7 })
        yield* settle
        return one
      })
    const answer = ({ command, id }: Received, payload?: Uint8Array) =>
      Effect.zipRight(
        Effect.sync(() => peer.send(Message.encodeReply(id, command, payload))),
        settle
      )
    const away = Effect.sync(() => {
      isThere = false
    })
    return { peer, client, closed, connect, guest, answer, away }
  })

/** Ids and answers that a client has had, oldest first. */
const had = ({ messages }: MemoryConnection) =>
  messages.map((message) => {
    const answer = answerOf(message)
    return [message.id, typeof answer === "number" ? answer : answer.length]
  })

const versionOf = (guest: MemoryConnection): Messages.Version.Version => {
  const answer = guest.messages[0]
  if (answer === undefined) throw new Error("no answer to VERSION")
  const { payload } = answer
  const decoded = Messages.Version.decode(payload)
  if (decoded._tag === "Left") throw new Error(decoded.left.message)
  return decoded.right
}

describe("two clients of one server", () => {
  it.scopedLive("are each answered what they asked, under their own ids, in any order", () =>
    Effect.gen(function* () {
      const { answer, client, guest, peer } = yield* shared()
      const one = yield* guest()
      one.messages.length = 0
      const own = yield* Effect.fork(client.info)
      const first = yield* peer.next
      one.command(Command.DEVICE_GET_INFO, info, { id: first.id })
      one.command(Command.REGION_READ, read(0, 0, 4), { id: first.id })
      one.command(Command.REGION_WRITE, write(0, 0, new Uint8Array(4)), { wantsReply: false })
      const [second, third, fourth] = [yield* peer.next, yield* peer.next, yield* peer.next]
      assert.deepStrictEqual(
        [second, third, fourth].map(({ command, flags }) => [command, flags]),
        [
          [Command.DEVICE_GET_INFO, 0],
          [Command.REGION_READ, 0],
          [Command.REGION_WRITE, Header.noReply]
        ]
      )
      assert.lengthOf(new Set([first.id, second.id, third.id]), 3)
      yield* answer(third, write(0, 0, new Uint8Array(4)))
      yield* answer(first, words(16, 2, 9, 5))
      assert.strictEqual((yield* Fiber.join(own)).regions, 9)
      yield* answer(second, info)
      assert.deepStrictEqual(had(one), [
        [first.id, 20],
        [first.id, 16]
      ])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("a guest is offered what the server has, and no more than goes over its connection", () =>
    Effect.gen(function* () {
      const { guest } = yield* shared({
        passesDescriptors: true,
        capabilities: {
          migration: { pageSize: 4096 },
          maxMsgFds: 64,
          maxDmaMaps: 64,
          writeMultiple: true,
          extensions: { p2p: true, dataSize: true }
        }
      })
      const plain = yield* guest()
      assert.deepInclude(versionOf(plain), { major: 0, minor: 1 })
      assert.deepInclude(versionOf(plain).capabilities, {
        maxMsgFds: 16,
        maxDataXferSize: 128 * 1024,
        maxDmaMaps: 64,
        migration: { pageSize: 4096, maxBitmapSize: undefined },
        writeMultiple: undefined,
        twinSocket: undefined,
        extensions: undefined
      })
      plain.close()
      const able = yield* guest({ writeMultiple: true, extensions: { p2p: true, precopyInfo: true } }, false)
      const { capabilities } = versionOf(able)
      assert.deepInclude(capabilities, { maxMsgFds: 0, writeMultiple: true })
      assert.deepStrictEqual(capabilities.extensions, { p2p: true, dataSize: false, precopyInfo: false })
      able.close()
      const other = yield* guest({ migration: { pageSize: 8192 } })
      assert.deepStrictEqual([had(other), other.isClosed], [[[7, einval]], true])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("a guest that does not know of P2P finds a device without it", () =>
    Effect.gen(function* () {
      const respond = ({ command, id }: Received) => Message.encodeReply(id, command, feature(1 | GET, words(7, 0)))
      const capabilities = { migration: { pageSize: 4096 }, extensions: { p2p: true } }
      const { guest } = yield* shared({ respond, capabilities })
      const flags: Array<number | undefined> = []
      for (const extensions of [undefined, { p2p: true }]) {
        const one = yield* guest(extensions === undefined ? {} : { extensions })
        one.command(Command.DEVICE_FEATURE, feature(1 | GET, new Uint8Array(0), 16))
        yield* settle
        flags.push(one.messages.at(-1)?.payload[8])
        one.close()
        yield* settle
      }
      assert.deepStrictEqual(flags, [5, 7])
    }).pipe(Effect.provide(quiet))
  )
})

describe("the server's commands", () => {
  const ask = (count: number) =>
    Message.encodeCommand(
      3,
      Command.DMA_READ,
      Messages.DmaTransfer.encode({ address: 0x1000n, count, data: new Uint8Array(0) })
    )

  it.scopedLive("reach the guest's memory in pieces that it takes; without a guest nobody's", () =>
    Effect.gen(function* () {
      const { guest, peer } = yield* shared()
      peer.send(ask(100))
      assert.deepInclude(yield* peer.next, { id: 3, error: 14 })
      const one = yield* guest({ maxDataXferSize: 4096 })
      one.messages.length = 0
      one.onMessage = ({ command, flags, id, payload }) => {
        if ((flags & Header.typeMask) !== Header.typeCommand) return
        const piece = Messages.DmaTransfer.decode(payload)
        if (piece._tag === "Left") return
        const { address, count } = piece.right
        const data = new Uint8Array(count).fill(Number(address >> 12n))
        queueMicrotask(() =>
          one.raw(Message.encodeReply(id, command, Messages.DmaTransfer.encode({ address, count, data })))
        )
      }
      peer.send(ask(10_000))
      const { payload } = yield* peer.next
      assert.deepStrictEqual([payload.length, payload[16], payload[16 + 4096], payload[16 + 9999]], [10_016, 1, 2, 3])
      assert.lengthOf(one.messages, 3)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("are EBUSY while the server does not read the replies that it has had", () =>
    Effect.gen(function* () {
      const { guest, peer } = yield* shared()
      const one = yield* guest()
      one.onMessage = ({ command, flags, id, payload }) => {
        if ((flags & Header.typeMask) !== Header.typeCommand) return
        const whole = new Uint8Array(payload.length + 131_072)
        whole.set(payload)
        queueMicrotask(() => one.raw(Message.encodeReply(id, command, whole)))
      }
      const read = Effect.zipRight(
        Effect.sync(() => peer.send(ask(131_072))),
        Effect.map(peer.next, ({ error }) => error)
      )
      peer.fill()
      const errors = yield* Effect.replicateEffect(read, 66)
      assert.deepStrictEqual(
        errors.slice(0, 64),
        Array.from({ length: 64 }, () => 0)
      )
      assert.strictEqual(errors.at(-1), ebusy)
      peer.drain()
      assert.strictEqual(yield* read, 0)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("fail when the guest goes without an answer", () =>
    Effect.gen(function* () {
      const { guest, peer } = yield* shared()
      const one = yield* guest()
      peer.send(ask(100))
      yield* settle
      one.close()
      assert.deepInclude(yield* peer.next, { id: 3, error: enotconn })
    }).pipe(Effect.provide(quiet))
  )
})

describe("a guest", () => {
  it.scopedLive("that is wrong is refused in its turn, and the server sees nothing of it", () =>
    Effect.gen(function* () {
      const { answer, closed, guest, peer } = yield* shared({ passesDescriptors: true }, { errno: ebusy })
      const one = yield* guest()
      one.messages.length = 0
      one.command(Command.DEVICE_GET_INFO, info, { id: 1 })
      const wrong = [
        [Command.DEVICE_GET_INFO, new Uint8Array(4), einval],
        [99, info, einval],
        [Command.VERSION, info, einval],
        [Command.DMA_READ, read(0, 0, 4), einval],
        [Command.REGION_READ, read(0, 0, 1 << 20), einval],
        [Command.DMA_UNMAP, dmaUnmap(0n, 4096n, 1, 1 << 21), einval],
        [Command.REGION_WRITE_MULTI, words(0, 0), einval],
        [Command.DEVICE_FEATURE, feature(2 | SET, new Uint8Array(4)), einval],
        [Command.DEVICE_RESET, new Uint8Array(0), ebusy],
        [Command.DEVICE_FEATURE, feature(2 | SET, Messages.MigState.encode(2)), ebusy],
        [Command.MIG_DATA_READ, migData(100), ebusy],
        [Command.MIG_DATA_WRITE, migData(4, new Uint8Array(4)), ebusy]
      ] as const
      wrong.forEach(([command, payload], index) => one.command(command, payload, { id: 10 + index }))
      one.command(Command.DEVICE_SET_IRQS, irqs(0x24, 2, 0, 9), { id: 50, descriptors: [1, 2, 3, 4, 5, 6, 7, 8, 9] })
      one.command(Command.DEVICE_FEATURE, feature(2 | GET, new Uint8Array(0), 16), { id: 51, descriptors: [10] })
      const first = yield* peer.next
      assert.deepStrictEqual(had(one), [])
      yield* answer(first, info)
      assert.deepStrictEqual(had(one), [
        [1, 16],
        ...wrong.map(([, , errno], index) => [10 + index, errno]),
        [50, einval]
      ])
      assert.deepStrictEqual(closed, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
      assert.strictEqual((yield* peer.next).command, Command.DEVICE_FEATURE)
      one.raw(Message.encodeCommand(60, Command.REGION_WRITE, new Uint8Array(200 * 1024)).subarray(0, 1000))
      assert.isFalse(one.isClosed)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive(
    "that sends a message of no size that there is loses its connection, and the other client nothing",
    () =>
      Effect.gen(function* () {
        const { answer, client, guest, peer } = yield* shared()
        const one = yield* guest()
        one.raw(Message.encodeCommand(60, Command.REGION_WRITE, new Uint8Array(200 * 1024)))
        assert.isTrue(one.isClosed)
        assert.deepStrictEqual(had(one).at(-1), [60, einval])
        const own = yield* Effect.fork(client.info)
        yield* answer(yield* peer.next, words(16, 2, 9, 5))
        assert.strictEqual((yield* Fiber.join(own)).flags, 2)
      }).pipe(Effect.provide(quiet))
  )

  it.scopedLive(
    "passes descriptors on, and leaves nothing on the server when it goes; the next one waits for that",
    () =>
      Effect.gen(function* () {
        const { answer, closed, guest, peer } = yield* shared({ passesDescriptors: true })
        const one = yield* guest()
        one.command(Command.DMA_MAP, dmaMap(0x1000n, 0x1000n), { descriptors: [20] })
        one.command(Command.DMA_MAP, dmaMap(0x8000n, 0x1000n))
        one.command(Command.DMA_UNMAP, dmaUnmap(0x8000n, 0x1000n))
        one.command(Command.DEVICE_SET_IRQS, irqs(0x24, 2, 0, 2), { descriptors: [21, 22] })
        const asked = [yield* peer.next, yield* peer.next, yield* peer.next, yield* peer.next]
        assert.deepStrictEqual(
          asked.map(({ descriptors }) => descriptors),
          [[20], [], [], [21, 22]]
        )
        assert.deepStrictEqual(closed, [20, 21, 22])
        for (const each of asked.slice(0, 3)) yield* answer(each)
        one.close()
        const other = yield* guest()
        assert.lengthOf(other.messages, 0)
        const last = asked[3]
        if (last !== undefined) yield* answer(last)
        const disabled = yield* peer.next
        assert.deepStrictEqual([disabled.command, [...disabled.payload.subarray(4, 9)]], [8, [0x21, 0, 0, 0, 2]])
        yield* answer(disabled)
        const unmapped = yield* peer.next
        assert.deepStrictEqual(unmapped.payload, dmaUnmap(0x1000n, 0x1000n))
        assert.lengthOf(other.messages, 0)
        yield* answer(unmapped, unmapped.payload)
        assert.strictEqual(versionOf(other).major, 0)
      }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("has so many commands on their way and no more, posted ones among them", () =>
    Effect.gen(function* () {
      const { answer, client, guest, peer } = yield* shared()
      const one = yield* guest()
      for (let index = 0; index < 300; index++) one.command(Command.REGION_READ, read(0, 0, 4))
      yield* settle
      const asked = yield* Effect.replicateEffect(peer.next, 256)
      assert.isTrue(one.isPaused)
      const own = yield* Effect.fork(client.info)
      const next = yield* peer.next
      assert.strictEqual(next.command, Command.DEVICE_GET_INFO)
      yield* answer(next, words(16, 2, 9, 5))
      yield* Fiber.join(own)
      for (const each of asked) peer.send(Message.encodeReply(each.id, each.command, info))
      for (const each of yield* Effect.replicateEffect(peer.next, 44)) yield* answer(each, info)
      const posted = () => one.command(Command.REGION_WRITE, write(0, 0, new Uint8Array(4)), { wantsReply: false })
      for (let index = 0; index < 300; index++) posted()
      yield* settle
      const writes = yield* Effect.replicateEffect(peer.next, 256)
      assert.isTrue(one.isPaused)
      const proving = writes.flatMap((each, index) => (each.flags === 0 ? [[index, each] as const] : []))
      assert.deepStrictEqual(
        proving.map(([index]) => index),
        [63, 127, 191, 255]
      )
      one.messages.length = 0
      for (const [, each] of proving) yield* answer(each, info)
      yield* Effect.replicateEffect(peer.next, 44)
      assert.deepStrictEqual([one.messages.length, one.isPaused], [0, false])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("that is slow to read is asked nothing more for, and keeps its connection", () =>
    Effect.gen(function* () {
      const large = write(0, 0, new Uint8Array(131_072))
      const respond = ({ command, id }: Received) =>
        command === Command.REGION_READ ? Message.encodeReply(id, command, large) : undefined
      const { answer, client, guest, peer } = yield* shared({ respond })
      const one = yield* guest()
      one.messages.length = 0
      one.takesMore = false
      for (let index = 0; index < 64; index++) one.command(Command.REGION_READ, read(0, 0, 131_072))
      yield* settle
      assert.deepStrictEqual([one.isClosed, one.isPaused], [false, true])
      assert.isBelow(one.messages.length, 24)
      const own = yield* Effect.fork(client.info)
      yield* answer(yield* peer.next, words(16, 2, 9, 5))
      assert.strictEqual((yield* Fiber.join(own)).regions, 9)
      one.drain()
      yield* settle
      assert.deepStrictEqual([one.isClosed, one.isPaused, one.messages.length], [false, false, 64])
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("that reads nothing is let go when the server answers more than was asked for", () =>
    Effect.gen(function* () {
      const large = write(0, 0, new Uint8Array(131_072))
      const { client, guest } = yield* shared({ respond: ({ command, id }) => Message.encodeReply(id, command, large) })
      const one = yield* guest()
      one.takesMore = false
      for (let index = 0; index < 64; index++) one.command(Command.REGION_READ, read(0, 0, 4))
      yield* settle
      assert.isTrue(one.isClosed)
      assert.isUndefined(client.core.ended())
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("waits for the one before it, or is turned away; without a server it is refused", () =>
    Effect.gen(function* () {
      const { away, guest, peer } = yield* shared({}, { maxWaitingClients: 1 })
      const [first, second, third] = [yield* guest(), yield* guest(), yield* guest()]
      assert.deepStrictEqual(
        [first, second, third].map(({ isClosed, messages }) => [isClosed, messages.length]),
        [
          [false, 1],
          [false, 0],
          [true, 0]
        ]
      )
      yield* away
      first.close()
      yield* settle
      assert.deepStrictEqual([had(second), second.isClosed], [[[7, enodev]], true])
      assert.isFalse(peer.isClosed())
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("loses its connection with that of the server", () =>
    Effect.gen(function* () {
      const { guest, peer } = yield* shared()
      const one = yield* guest()
      peer.vanish()
      yield* settle
      assert.isTrue(one.isClosed)
    }).pipe(Effect.provide(quiet))
  )

  it.scopedLive("that sends anything at all harms nobody", () =>
    Effect.gen(function* () {
      const random = new Utils.PCGRandom(5)
      const below = (limit: number): number => random.integer(limit)
      const respond = ({ command, id }: Received) => Message.encodeErrorReply(id, command, einval)
      const { client, connect, guest } = yield* shared({ respond })
      const seeds = [
        [Command.REGION_READ, read(0, 16, 4)],
        [Command.DMA_MAP, dmaMap(0n, 4096n)],
        [Command.DEVICE_FEATURE, feature(2 | SET, Messages.MigState.encode(3))],
        [Command.DEVICE_SET_IRQS, irqs(0x24, 2, 0, 2)]
      ] as const
      let one = yield* guest()
      let wrong = 0
      for (let index = 0; index < 1000; index++) {
        if (one.isClosed) {
          wrong++
          connect().raw(Uint8Array.from({ length: 40 }, () => below(256)))
          one = yield* guest()
        }
        const [command, payload] = seeds[below(seeds.length)] ?? [0, new Uint8Array(0)]
        const message = Message.encodeCommand(index, command, payload)
        for (let left = below(3); left > 0; left--) message[below(message.length)] = below(256)
        one.raw(message)
        if (index % 50 === 0) yield* settle
      }
      yield* settle
      assert.isAbove(wrong, 3)
      assert.strictEqual((yield* Effect.flip(client.info))._tag, "EINVAL")
    }).pipe(Effect.provide(quiet))
  )
})
