/** Faults: each does to its message what its rule says, is recorded, and leaves the next messages alone. */
import { assert, it } from "@effect/vitest"
import { Command } from "@stopcopy/vfio-user"
import { Effect, Either } from "effect"
import { Faults, parseFaults } from "../../src/record/Fault.ts"
import { clientOf, eventsOf, recording } from "./recording.ts"

const configRegion = 7
const lineAt = 0x3c

/** What a client meets that uses a recorder with this fault; and the events of it. */
const meeting = <A, E>(fault: string, use: (client: Client) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const { journal, socket, stop } = yield* recording({ fault: [fault] })
    const met = yield* Effect.scoped(Effect.flatMap(clientOf(socket), use))
    yield* stop
    const events = (yield* eventsOf(journal)).map(({ payload }) => payload)
    const injected = events.filter(({ _tag }) => _tag === "FaultInjected")
    assert.deepStrictEqual(
      injected.map((event) => ("rule" in event ? event.rule : "")),
      [fault]
    )
    return { met, events }
  })
type Client = Effect.Effect.Success<ReturnType<typeof clientOf>>

const write = (client: Client, value: number) => client.writeWord(configRegion, lineAt, 1, value)
const read = (client: Client) => client.readWord(configRegion, lineAt, 1)

it.scopedLive("drop: a posted write does not reach the device", () =>
  Effect.gen(function* () {
    const { events, met } = yield* meeting("drop REGION_WRITE 2", (client) =>
      Effect.gen(function* () {
        for (const value of [1, 2]) yield* client.postRegion(configRegion, lineAt, Uint8Array.of(value))
        const before = yield* read(client)
        yield* client.postRegion(configRegion, lineAt, Uint8Array.of(3))
        return [before, yield* read(client)]
      })
    )
    assert.deepStrictEqual(met, [1, 3])
    const writes = events.filter((event) => event._tag === "MessageForwarded" && event.command === "REGION_WRITE")
    assert.strictEqual(writes.length, 2)
  })
)

it.scopedLive("errno: a request is answered with it, and the device does not see it", () =>
  Effect.gen(function* () {
    const { met } = yield* meeting("errno REGION_WRITE 2 EBUSY", (client) =>
      Effect.gen(function* () {
        yield* write(client, 1)
        const refused = yield* Effect.flip(write(client, 2))
        return [refused._tag, yield* read(client)]
      })
    )
    assert.deepStrictEqual(met, ["EBUSY", 1])
  })
)

it.scopedLive("errno of a reply: the device has done it, and the client is told otherwise", () =>
  Effect.gen(function* () {
    const { met } = yield* meeting("errno REGION_WRITE.reply 1 5", (client) =>
      Effect.gen(function* () {
        const refused = yield* Effect.flip(write(client, 9))
        return [refused._tag, yield* read(client)]
      })
    )
    assert.deepStrictEqual(met, ["EIO", 9])
  })
)

it.scopedLive("delay: what is behind it waits too, and nothing is lost", () =>
  Effect.gen(function* () {
    const { events, met } = yield* meeting("delay REGION_WRITE 1 30", (client) =>
      Effect.gen(function* () {
        const [, , value] = yield* Effect.all([write(client, 1), write(client, 2), read(client)], {
          concurrency: "unbounded"
        })
        return value
      })
    )
    assert.strictEqual(met, 2)
    const requests = events.flatMap((event) =>
      event._tag === "MessageForwarded" && event.direction === "to server" ? [event.command] : []
    )
    assert.deepStrictEqual(requests, ["VERSION", "REGION_WRITE", "REGION_WRITE", "REGION_READ"])
  })
)

it.scopedLive("corrupt: one byte of the payload is inverted", () =>
  Effect.gen(function* () {
    const { met } = yield* meeting("corrupt REGION_READ.reply 2 16", (client) =>
      Effect.gen(function* () {
        yield* write(client, 0x0f)
        return [yield* read(client), yield* read(client), yield* read(client)]
      })
    )
    assert.deepStrictEqual(met, [0x0f, 0xf0, 0x0f])
  })
)

it.scopedLive("cut: both connections end behind the bytes that went on, and the next client is served", () =>
  Effect.gen(function* () {
    const { journal, socket, stop } = yield* recording({ fault: ["cut REGION_WRITE 1 20"] })
    const refused = yield* Effect.scoped(Effect.flatMap(clientOf(socket), (client) => Effect.flip(write(client, 1))))
    assert.strictEqual(refused._tag, "Disconnected")
    assert.strictEqual(yield* Effect.scoped(Effect.flatMap(clientOf(socket), read)), 0)
    yield* stop
    const events = (yield* eventsOf(journal)).map(({ payload }) => payload)
    const ends = events.flatMap((event) => (event._tag === "ConnectionClosed" ? [event.by] : []))
    assert.deepStrictEqual([ends[0], ends.length], ["fault", 2])
    const part = events.find((event) => event._tag === "BytesForwarded")
    assert.strictEqual(part?._tag === "BytesForwarded" ? part.digest.bytes : 0, 20)
  })
)

it("rules are read in any case, and several catch one message", () => {
  const rules = Either.getOrThrow(
    parseFaults(["DROP region_write 3", "delay REGION_WRITE.reply 1 5", "cut Version 1 0"])
  )
  const faults = new Faults(rules)
  const request = { id: 1, command: Command.REGION_WRITE, size: 16, flags: 0, error: 0 }
  assert.deepStrictEqual(faults.catching(request), [])
  assert.deepStrictEqual(
    faults.catching({ ...request, flags: 1 }).map(({ kind, value }) => [kind, value]),
    [["delay", 5]]
  )
  assert.deepStrictEqual(faults.catching(request), [])
  assert.deepStrictEqual(
    faults.catching(request).map(({ rule }) => rule),
    ["DROP region_write 3"]
  )
})
