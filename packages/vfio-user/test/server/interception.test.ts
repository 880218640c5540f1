/** An interceptor that fails, drops and delays commands, and a session's file that outlives its server. */
import { assert, describe, it } from "@effect/vitest"
import { Command, type Interceptor, Server, type Verdict } from "@stopcopy/vfio-user"
import { Effect, Exit, Scope, TestClock } from "effect"
import { MemoryConnection } from "../support/MemoryConnection.ts"
import { MemoryDevice } from "../support/MemoryDevice.ts"
import { dmaMap, migData, read, write } from "../support/payloads.ts"
import { serving } from "../support/serving.ts"

const { DMA_MAP, MIG_DATA_READ, REGION_READ, REGION_WRITE, VERSION } = Command
const four = new Uint8Array([1, 2, 3, 4])

/** Gives one verdict to each command that comes: a list that is used up. */
const verdicts = (...given: ReadonlyArray<Verdict | undefined>) => {
  const [left, seen] = [[...given], new Array<number>()]
  const interceptor: Interceptor = {
    get isArmed() {
      return left.length > 0
    },
    judge: (command) => {
      seen.push(command)
      return left.shift()
    }
  }
  return { interceptor, seen }
}

describe("an interceptor", () => {
  it.scoped("is asked once for each command in order, and fails one behind what came before it", () =>
    Effect.gen(function* () {
      const fail = { _tag: "Fail", errno: 16 } as const
      const { interceptor, seen } = verdicts(undefined, undefined, fail, undefined)
      const { connect } = yield* serving({}, { interceptor })
      const client = connect().version()
      client.ask(REGION_WRITE, write(0, 0, four))
      assert.strictEqual(client.ask(REGION_WRITE, write(0, 0, new Uint8Array(4))), 16)
      assert.deepStrictEqual(client.ask(REGION_READ, read(0, 0, 4)), write(0, 0, four))
      assert.deepStrictEqual(seen, [VERSION, REGION_WRITE, REGION_WRITE, REGION_READ])
    })
  )

  it.scoped("drops one: it is not done and not answered, and its descriptors are closed", () =>
    Effect.gen(function* () {
      const { interceptor } = verdicts(undefined, { _tag: "Drop" })
      const { closed, connect, device } = yield* serving({}, { interceptor })
      const client = connect().version()
      const before = client.messages.length
      client.command(DMA_MAP, dmaMap(0n, 4096n), { descriptors: [7] })
      assert.deepStrictEqual([client.messages.length - before, closed], [0, [7]])
      client.ask(REGION_READ, read(0, 0, 4))
      assert.strictEqual((yield* Effect.flip(device.user?.dma.read(0n, 4) ?? Effect.void))?._tag, "DmaFault")
      assert.deepStrictEqual(client.ask(DMA_MAP, dmaMap(0n, 4096n)), new Uint8Array(0))
    })
  )

  it.scoped("lets the answer of one be lost: it is done, and those behind it are answered", () =>
    Effect.gen(function* () {
      const { interceptor } = verdicts(undefined, { _tag: "LoseAnswer" }, { _tag: "LoseAnswer" }, undefined)
      const { connect } = yield* serving({}, { interceptor })
      const client = connect().version()
      const before = client.messages.length
      client.command(REGION_WRITE, write(0, 0, four))
      client.command(REGION_READ, read(0, 0, 4))
      assert.strictEqual(client.messages.length, before)
      assert.deepStrictEqual(client.ask(REGION_READ, read(0, 0, 4)), write(0, 0, four))
    })
  )

  it.scoped("delays one: it and those behind it are answered afterwards, in order", () =>
    Effect.gen(function* () {
      const { interceptor } = verdicts(undefined, { _tag: "Delay", millis: 50 }, undefined)
      const { connect } = yield* serving({}, { interceptor })
      const client = connect().version()
      const before = client.messages.length
      const first = client.command(REGION_WRITE, write(0, 0, four))
      const second = client.command(REGION_READ, read(0, 0, 4))
      yield* TestClock.adjust("49 millis")
      assert.strictEqual(client.messages.length, before)
      yield* TestClock.adjust("1 millis")
      const answers = client.messages.slice(before)
      assert.deepStrictEqual(
        answers.map(({ id }) => id),
        [first, second]
      )
      assert.deepStrictEqual(answers[1]?.payload, write(0, 0, four))
    })
  )

  it.scoped("that delays while the connection ends leaves no descriptor open", () =>
    Effect.gen(function* () {
      const { interceptor } = verdicts(undefined, { _tag: "Delay", millis: 50 })
      const { closed, connect } = yield* serving({}, { interceptor })
      const client = connect().version()
      client.command(DMA_MAP, dmaMap(0n, 4096n), { descriptors: [7] })
      client.lose()
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(closed, [7])
    })
  )
})

it.scoped("a session's file goes on with the next server of the device, if the first keeps it", () =>
  Effect.gen(function* () {
    const device = new MemoryDevice({})
    const file = yield* Effect.flatten(device.migration?.setState(3) ?? Effect.succeedNone)
    const life = yield* Scope.make()
    const first = yield* Scope.extend(Server.serve(device, { keepsMigrationFile: true }, file), life)
    const one = new MemoryConnection().connect(first.accept).version()
    one.ask(REGION_WRITE, write(0, 0, four))
    assert.deepStrictEqual(one.ask(MIG_DATA_READ, migData(2)), migData(2, four.subarray(0, 2)))
    yield* Scope.close(life, Exit.void)
    assert.notInclude(device.calls, "close saving")
    const second = yield* Server.serve(device, {}, file)
    const two = new MemoryConnection().connect(second.accept).version()
    assert.deepStrictEqual(two.ask(MIG_DATA_READ, migData(2)), migData(2, four.subarray(2)))
  })
)

it.scoped("the file of a session is closed with its server otherwise", () =>
  Effect.gen(function* () {
    const device = new MemoryDevice({})
    const file = yield* Effect.flatten(device.migration?.setState(3) ?? Effect.succeedNone)
    yield* Effect.scoped(Server.serve(device, {}, file))
    assert.include(device.calls, "close saving")
  })
)
