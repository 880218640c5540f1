/** Chunks: one at a time, at their offset, again when an answer was lost, in the session that is open. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { chunkLimit, defaultChunk } from "@stopcopy/agent"
import { born, serveHost, type Side, vf } from "./support.ts"

const call = { device: vf, epoch: born }

const open = (side: Side, to: "STOP_COPY" | "RESUMING" | "PRE_COPY") =>
  Effect.map(side.agent.setState({ ...call, to }), ({ session }) => ({ ...call, session: session?.token ?? "" }))

describe("saving", () => {
  it.scopedLive("a slow reader holds the device back: it is read once for each chunk that was asked for", () =>
    Effect.gen(function* () {
      const side = yield* serveHost({ name: "alpha", registers: 256 * 1024 })
      const session = yield* open(side, "STOP_COPY")
      const chunks = side.agent.saved({ ...session, offset: 0 })
      const taken = yield* Stream.runCollect(Stream.take(chunks, 3))
      assert.deepStrictEqual(
        [...taken].map(({ bytes }) => bytes.length),
        [defaultChunk, defaultChunk, defaultChunk]
      )
      assert.deepStrictEqual(side.device.file?.reads, { count: 3, longest: defaultChunk })
    })
  )

  it.scopedLive("the last chunk is given again, byte for byte, and nothing else out of order", () =>
    Effect.gen(function* () {
      const side = yield* serveHost({ name: "alpha" })
      side.device.registers.set([7, 8, 9])
      const session = yield* open(side, "STOP_COPY")
      const first = yield* side.agent.save({ ...session, offset: 0, length: 8 })
      assert.deepStrictEqual(yield* side.agent.save({ ...session, offset: 0, length: 8 }), first)
      const second = yield* side.agent.save({ ...session, offset: 8, length: 1_000_000_000 })
      assert.deepStrictEqual([second.bytes.length, second.end], [28, "more"])
      for (const [offset, why] of [
        [0, "asked past"],
        [37, "gap"]
      ] as const) {
        const error = yield* Effect.flip(side.agent.save({ ...session, offset, length: 8 }))
        assert.include(error, { _tag: "ChunkOutOfOrder", called: offset, expected: 36 })
        assert.include(error.message, why)
      }
      assert.strictEqual(side.device.file?.reads.count, 2)
      const end = { offset: 36, bytes: new Uint8Array(0), end: "good" as const }
      assert.deepStrictEqual(yield* side.agent.save({ ...session, offset: 36, length: 8 }), end)
      assert.deepStrictEqual(yield* side.agent.save({ ...session, offset: 36, length: 8 }), end)
    })
  )

  it.scopedLive("a change of state that is repeated gives the session that is open", () =>
    Effect.gen(function* () {
      const side = yield* serveHost({ name: "alpha" })
      const first = yield* side.agent.setState({ ...call, to: "PRE_COPY" })
      assert.deepStrictEqual(yield* side.agent.setState({ ...call, to: "PRE_COPY" }), first)
      assert.deepStrictEqual((yield* side.agent.getState({ device: vf })).session, first.session)
    })
  )

  it.scopedLive("a session that is over, or of the other direction, is refused by name", () =>
    Effect.gen(function* () {
      const side = yield* serveHost({ name: "alpha" })
      const session = yield* open(side, "PRE_COPY")
      const wrong = yield* Effect.flip(side.agent.resume({ ...session, offset: 0, bytes: new Uint8Array(1) }))
      assert.include(wrong, { _tag: "NoSuchSession", reason: "is saving, not resuming" })
      yield* side.agent.setState({ ...call, to: "RUNNING" })
      const over = yield* Effect.flip(side.agent.save({ ...session, offset: 0, length: 1 }))
      assert.include(over, { _tag: "NoSuchSession", session: session.session, reason: "is not open" })
      const next = yield* open(side, "PRE_COPY")
      assert.notStrictEqual(next.session, session.session)
      assert.include(yield* Effect.flip(side.agent.precopyInfo({ device: vf, session: session.session })), {
        _tag: "NoSuchSession"
      })
    })
  )
})

describe("resuming", () => {
  it.scopedLive("a chunk that is repeated is recognised and not loaded twice", () =>
    Effect.gen(function* () {
      const side = yield* serveHost({ name: "beta" })
      const session = yield* open(side, "RESUMING")
      const chunk = { ...session, offset: 0, bytes: new Uint8Array([1, 0, 0, 0, 5]) }
      assert.deepStrictEqual(yield* side.agent.resume(chunk), { next: 5, repeated: false })
      assert.deepStrictEqual(yield* side.agent.resume(chunk), { next: 5, repeated: true })
      assert.deepStrictEqual(side.device.file?.arrived, chunk.bytes)
      const other = yield* Effect.flip(side.agent.resume({ ...chunk, bytes: new Uint8Array(5) }))
      assert.include(other, { _tag: "ChunkOutOfOrder", reason: "it has other bytes than the first time" })
      const gap = yield* Effect.flip(side.agent.resume({ ...chunk, offset: 6 }))
      assert.include(gap, { _tag: "ChunkOutOfOrder", expected: 5, reason: "there is a gap before it" })
      assert.deepStrictEqual(yield* side.agent.resume({ ...session, offset: 5, bytes: new Uint8Array(0) }), {
        next: 5,
        repeated: false
      })
    })
  )

  it.scopedLive("a judgement stands: the same chunk gets the same refusal, with its reason", () =>
    Effect.gen(function* () {
      const side = yield* serveHost({ name: "beta", capabilities: 0x1 })
      const session = yield* open(side, "RESUMING")
      const chunk = { ...session, offset: 0, bytes: new Uint8Array([3, 0, 0, 0]) }
      for (const _ of [1, 2]) {
        const error = yield* Effect.flip(side.agent.resume(chunk))
        assert.strictEqual(error._tag, "EINVAL")
        if (error._tag === "EINVAL")
          assert.deepInclude(error.refusal, { code: "memory.capabilities", source: "0x3", destination: "0x1" })
      }
      assert.strictEqual(side.device.file?.arrived.length, 4)
    })
  )

  it.scopedLive("a chunk of the greatest length passes, a longer one is refused", () =>
    Effect.gen(function* () {
      const side = yield* serveHost({ name: "beta" })
      const session = yield* open(side, "RESUMING")
      assert.include(
        yield* Effect.flip(side.agent.resume({ ...session, offset: 0, bytes: new Uint8Array(chunkLimit + 1) })),
        { _tag: "E2BIG" }
      )
      const bytes = new Uint8Array(chunkLimit)
      assert.deepStrictEqual(yield* side.agent.resume({ ...session, offset: 0, bytes }), {
        next: chunkLimit,
        repeated: false
      })
    })
  )

  it.scopedLive("data that is not whole fails the load and leaves the device where it was", () =>
    Effect.gen(function* () {
      const side = yield* serveHost({ name: "beta" })
      const session = yield* open(side, "RESUMING")
      yield* side.agent.load({ ...session, offset: 0, bytes: new Uint8Array(10) })
      assert.include(yield* Effect.flip(side.agent.setState({ ...call, to: "STOP" })), { _tag: "EINVAL" })
      const now = yield* side.agent.getState({ device: vf })
      assert.deepStrictEqual([now.state, now.session?.offset], ["RESUMING", 10])
      assert.deepStrictEqual(yield* side.agent.reset(call), { state: "RUNNING", session: null })
    })
  )
})
