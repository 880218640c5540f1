/** Clients that come and go: section 17, back-pressure, and the end of a connection in the middle of everything. */
import { assert, describe, it } from "@effect/vitest"
import { Command, Message, Messages } from "@stopcopy/vfio-user"
import { Deferred, Effect, Exit, Scope, TestClock } from "effect"
import { answerOf } from "../support/MemoryConnection.ts"
import { registers } from "../support/MemoryDevice.ts"
import { dmaMap, feature, GET, irqs, migData, read, SET, write } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const { DEVICE_FEATURE, DEVICE_RESET, DEVICE_SET_IRQS, DMA_MAP, MIG_DATA_READ, REGION_READ, REGION_WRITE } = Command
const empty = new Uint8Array(0)
const four = new Uint8Array([1, 2, 3, 4])
const setState = (state: number) => feature(2 | SET, Messages.MigState.encode(state))

/** Lets fibers that are ready run. */
const settled = Effect.repeatN(Effect.yieldNow(), 20)

/** A device that answers when the gate is opened. */
const gated = Effect.gen(function* () {
  const gate = yield* Deferred.make<void>()
  const open = Effect.zipRight(Deferred.succeed(gate, undefined), settled)
  return { ...(yield* serving({ gate: Deferred.await(gate) })), open }
})

describe("one client after the other", () => {
  it.scoped("finds registers, migration state and the open stream of the one before", () =>
    Effect.gen(function* () {
      const { closed, connect, device } = yield* serving()
      const first = connect().version()
      first.ask(REGION_WRITE, write(0, 0, four))
      first.ask(DMA_MAP, dmaMap(0n, 4096n), { descriptors: [5] })
      first.ask(DEVICE_SET_IRQS, irqs(0x24, 2, 0, 1), { descriptors: [6] })
      first.ask(DEVICE_FEATURE, setState(3))
      assert.deepStrictEqual(first.ask(MIG_DATA_READ, migData(2)), migData(2, four.subarray(0, 2)))
      const { user } = device
      first.lose(new Error("reset by peer"))
      assert.deepStrictEqual(closed, [5, 6])
      assert.isUndefined(device.user)
      assert.strictEqual((yield* Effect.flip(user?.dma.read(0n, 4) ?? Effect.void))?._tag, "DmaFault")

      const second = connect().version()
      assert.deepStrictEqual(second.ask(REGION_READ, read(0, 0, 4)), write(0, 0, four))
      const state = feature(2 | GET, Messages.MigState.encode(3))
      assert.deepStrictEqual(second.ask(DEVICE_FEATURE, feature(2 | GET, empty, 16)), state)
      assert.deepStrictEqual(second.ask(MIG_DATA_READ, migData(2)), migData(2, four.subarray(2)))
      // The range is free again.
      assert.deepStrictEqual(second.ask(DMA_MAP, dmaMap(0n, 4096n)), empty)
      assert.notInclude(device.calls, "close saving")
    })
  )

  it.scoped("one more that asks waits unread, and goes on when the device is free", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const first = connect().version()
      const [second, third] = [connect(), connect()]
      const [id] = [second, third].map((client) => client.command(Command.VERSION, new Uint8Array(4)))
      assert.deepStrictEqual([second.isPaused, third.isPaused], [true, true])
      // What a transport delivers in spite of that waits as well.
      const next = second.command(DEVICE_RESET)
      assert.strictEqual(second.messages.length, 0)
      third.lose()
      first.lose()
      assert.deepStrictEqual([second.isPaused, second.replyTo(id ?? 0)?.error], [false, 0])
      assert.strictEqual(second.replyTo(next)?.error, 0)
      assert.deepStrictEqual(second.ask(DEVICE_RESET), empty)
    })
  )

  it.scoped("who has said nothing, or not all of its first message, keeps nobody off", () =>
    Effect.gen(function* () {
      const { connect } = yield* serving()
      const [silent, slow] = [connect(), connect()]
      const proposal = Message.encodeCommand(7, Command.VERSION, new Uint8Array(4))
      slow.raw(proposal.slice(0, 17))
      const client = connect().version()
      assert.deepStrictEqual(client.ask(DEVICE_RESET), empty)
      assert.deepStrictEqual([silent.isPaused, slow.isPaused], [false, false])
      slow.raw(proposal.slice(17))
      assert.deepStrictEqual([slow.isPaused, slow.messages.length], [true, 0])
      client.lose()
      assert.deepStrictEqual([slow.isPaused, slow.replyTo(7)?.error], [false, 0])
      slow.lose()
      assert.isFalse(silent.version().isClosed)
    })
  )

  it.scoped("too many: the first that has said nothing goes, then the newest", () =>
    Effect.gen(function* () {
      const { closed, connect, logs } = yield* serving({}, { maxWaitingClients: 2 })
      const silent = connect()
      connect().version()
      const second = connect()
      second.raw(new Uint8Array(3), [5])
      // What they have said may not be read yet: for a second the newest goes.
      assert.isTrue(connect().isClosed)
      yield* TestClock.adjust("1 second")
      const third = connect()
      third.command(Command.VERSION, new Uint8Array(4))
      assert.deepStrictEqual([silent.isClosed, second.isClosed, third.isClosed], [true, false, false])
      const fourth = connect()
      fourth.command(Command.VERSION, new Uint8Array(4))
      assert.deepStrictEqual([second.isClosed, closed], [true, [5]])
      assert.isTrue(connect().isClosed)
      assert.deepStrictEqual([third.isClosed, fourth.isClosed], [false, false])
      assert.strictEqual(logs.filter((line) => line.includes("turned away")).length, 4)
    })
  )

  it.scoped("who finds the device in other hands is told so", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const scope = yield* Scope.make()
      yield* Scope.extend(device.attach({ interrupt: () => undefined, dma: noMemory }), scope)
      const client = connect()
      assert.strictEqual(client.ask(Command.VERSION, new Uint8Array(4)), 16)
      assert.isTrue(client.isClosed)
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(connect().version().isClosed)
    })
  )

  it.effect("all are let go when the server stops, and the stream is closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { connect, device } = yield* Scope.extend(serving(), scope)
      const client = connect().version()
      const waiting = connect()
      client.ask(DEVICE_FEATURE, setState(3))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual([client.isClosed, waiting.isClosed], [true, true])
      assert.deepStrictEqual(device.calls, ["attach", "STOP", "STOP_COPY", "detach", "close saving"])
      assert.isTrue(connect().isClosed)
    })
  )
})

const noMemory = {
  read: () => Effect.die("no memory"),
  write: () => Effect.die("no memory"),
  mayWrite: () => Effect.die("no memory")
}

describe("back-pressure", () => {
  it.scoped("nothing is received while a command waits; the rest of the chunk is kept in order", () =>
    Effect.gen(function* () {
      const { connect, open } = yield* gated
      const client = connect().version()
      const before = client.sends.length
      const messages = [1, 2, 3].map((id) => Message.encodeCommand(id, REGION_READ, read(0, id, 4)))
      client.raw(new Uint8Array(messages.flatMap((message) => [...message])))
      assert.deepStrictEqual([client.isPaused, client.sends.length], [true, before])
      yield* open
      assert.deepStrictEqual(
        client.messages.slice(-3).map(({ id, payload }) => [id, payload]),
        [1, 2, 3].map((id) => [id, write(0, id, empty, 4).length === 16 ? write(0, id, new Uint8Array(4)) : empty])
      )
      assert.isFalse(client.isPaused)
    })
  )

  it.scoped("what a chunk brought is kept for a device that answers later: the chunk is the transport's again", () =>
    Effect.gen(function* () {
      const { connect, device, open } = yield* gated
      const client = connect().version()
      const messages = [0, 8].map((offset) => Message.encodeCommand(offset, REGION_WRITE, write(0, offset, four)))
      const state = Message.encodeCommand(9, DEVICE_FEATURE, setState(4))
      const data = Message.encodeCommand(10, Command.MIG_DATA_WRITE, migData(4, new Uint8Array([9, 9, 9, 9])))
      const chunk = new Uint8Array([...messages, state, data].flatMap((message) => [...message]))
      client.raw(chunk)
      chunk.fill(0xee)
      yield* open
      assert.deepStrictEqual(
        client.messages.slice(-4).map(({ error, id }) => [id, error]),
        [0, 8, 9, 10].map((id) => [id, 0])
      )
      assert.deepStrictEqual(device.bar.subarray(0, 12), new Uint8Array([9, 9, 9, 9, 0, 0, 0, 0, ...four]))
      assert.deepStrictEqual(device.batches, [2])
    })
  )

  it.scoped("a client that does not read is not read, and no command of its is done", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const client = connect().version()
      client.takesMore = false
      const large = Message.encodeCommand(1, REGION_READ, read(0, 0, 0x1000))
      const writes = Message.encodeCommand(2, REGION_WRITE, write(0, 0, four))
      const chunk = new Uint8Array(1000 * large.byteLength + writes.byteLength)
      for (let index = 0; index < 1000; index++) chunk.set(large, index * large.byteLength)
      chunk.set(writes, 1000 * large.byteLength)
      const before = client.sends.length
      device.bar[registers.refuses] = 1
      client.raw(chunk)
      assert.isTrue(client.isPaused)
      // One buffer went out; what follows waits as commands, which are smaller than their replies.
      assert.strictEqual(client.sends.length - before, 1)
      assert.isBelow(client.sends.at(-1) ?? 0, 300 * 1024)
      assert.strictEqual(device.bar[0], 0)
      for (let round = 0; device.bar[0] === 0 && round < 20; round++) client.drain()
      assert.strictEqual(client.messages.length, 1 + 1001)
      assert.deepStrictEqual([client.isPaused, device.bar[0]], [false, 1])
    })
  )

  it.scoped("a transport that goes on in spite of a pause is cut off", () =>
    Effect.gen(function* () {
      const { connect, open } = yield* gated
      const client = connect().version()
      client.command(REGION_READ, read(0, 0, 4))
      const large = Message.encodeCommand(1, Command.MIG_DATA_WRITE, new Uint8Array(1024 * 1024))
      for (let index = 0; index < 8; index++) client.raw(large)
      assert.isTrue(client.isClosed)
      yield* open
    })
  )

  it.scoped("a client may answer from inside send", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const client = connect().version()
      let left = 2000
      client.onMessage = () => {
        if (left-- > 0) client.raw(Message.encodeCommand(left, REGION_WRITE, write(0, left % 256, four)))
      }
      client.command(REGION_READ, read(0, 0, 4))
      assert.strictEqual(client.messages.length, 2 + 2000)
      assert.strictEqual(device.batches.length, 2000)
    })
  )
})

describe("the end of a connection", () => {
  const commands: ReadonlyArray<readonly [name: string, command: number, payload: Uint8Array]> = [
    ["a read", REGION_READ, read(0, 0, 4)],
    ["a write", REGION_WRITE, write(0, 0, four)],
    ["a reset", DEVICE_RESET, empty],
    ["a change of state", DEVICE_FEATURE, setState(3)]
  ]
  for (const [name, command, payload] of commands) {
    it.scoped(
      `while ${name} runs: the device is given back, the command is let run, then the next client has the device`,
      () =>
        Effect.gen(function* () {
          const { closed, connect, device, open } = yield* gated
          const client = connect().version()
          const before = client.messages.length
          client.command(command, payload)
          client.command(DEVICE_SET_IRQS, irqs(0x24, 2, 0, 1), { descriptors: [9] })
          client.lose()
          assert.deepStrictEqual(closed, [9])
          const next = connect()
          const proposal = next.command(Command.VERSION, new Uint8Array(4))
          assert.isTrue(next.isPaused)
          assert.include(device.calls, "detach")
          yield* open
          assert.strictEqual(client.messages.length, before)
          assert.deepStrictEqual([next.isPaused, next.replyTo(proposal)?.error], [false, 0])
          next.command(MIG_DATA_READ, migData(4))
          yield* settled
          assert.strictEqual(next.messages.at(-1)?.error, command === DEVICE_FEATURE ? 0 : 22)
        })
    )
  }

  it.scoped("inside the send of a reply: what is behind it in the chunk is not done any more", () =>
    Effect.gen(function* () {
      const { connect, device } = yield* serving()
      const client = connect().version()
      client.onMessage = () => client.lose()
      const messages = [
        Message.encodeCommand(1, REGION_READ, read(0, 0, 4)),
        Message.encodeCommand(2, DEVICE_RESET),
        Message.encodeCommand(3, REGION_WRITE, write(0, 0, four))
      ]
      client.raw(new Uint8Array(messages.flatMap((message) => [...message])))
      assert.deepStrictEqual(device.calls, ["attach", "detach"])
      assert.deepStrictEqual(device.batches, [])
      assert.isFalse(connect().version().isClosed)
    })
  )

  it.scoped("inside the send of what a command waited for: descriptors are closed once", () =>
    Effect.gen(function* () {
      const { closed, connect, open } = yield* gated
      const client = connect().version()
      const messages = [
        Message.encodeCommand(1, REGION_WRITE, write(0, 0, four)),
        Message.encodeCommand(2, DEVICE_RESET),
        Message.encodeCommand(3, DEVICE_RESET)
      ].map((message) => [...message])
      client.raw(new Uint8Array(messages.slice(0, 2).flat()), [7])
      client.raw(new Uint8Array(messages.slice(2).flat()), [8])
      client.onMessage = () => client.lose()
      yield* open
      assert.deepStrictEqual(closed.toSorted(), [7, 8])
    })
  )

  it.scoped("at any byte of a conversation leaves the device free and nothing open", () =>
    Effect.gen(function* () {
      const { closed, connect, device } = yield* serving()
      const conversation = [
        Message.encodeCommand(1, Command.VERSION, new Uint8Array(4)),
        Message.encodeCommand(2, REGION_WRITE, write(0, 0, four)),
        Message.encodeCommand(3, DEVICE_FEATURE, setState(6)),
        Message.encodeCommand(4, MIG_DATA_READ, migData(100)),
        Message.encodeCommand(5, DMA_MAP, dmaMap(0n, 4096n)),
        Message.encodeCommand(6, DEVICE_SET_IRQS, irqs(0x24, 2, 0, 1))
      ].flatMap((message) => [...message])
      const bytes = new Uint8Array(conversation)
      for (let end = 1; end <= bytes.byteLength; end++) {
        closed.length = 0
        const client = connect()
        client.raw(bytes.slice(0, end), [1000 + end])
        client.lose()
        assert.isUndefined(device.user)
        assert.deepStrictEqual(closed, [1000 + end])
      }
      const replies = connect().version().messages.map(answerOf)
      assert.strictEqual(replies.length, 1)
    })
  )
})
