/** Faults: counted where they are met, listed, cleared, and what a hanging drain does to the calls. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { type Fault, FaultBook } from "@stopcopy/agent"
import { born, serveHost, vf } from "./support.ts"

const hang: Fault = { kind: { _tag: "HangDrain" }, target: { device: vf, message: "Drain" }, nth: 1, count: 1 }
const call = { device: vf, epoch: born }

describe("the book of faults", () => {
  it.effect("a fault is met from its nth message on, count times, by the messages it is meant for", () =>
    Effect.gen(function* () {
      const book = new FaultBook()
      assert.isTrue(book.empty)
      yield* book.inject({
        kind: { _tag: "Fail", errno: 5 },
        target: { device: vf, message: "REGION_READ" },
        nth: 2,
        count: 2
      })
      const meet = (device: string, message: string) =>
        book.meet({ device, message, kinds: ["Fail", "Drop"] }).map(({ _tag }) => _tag)
      assert.deepStrictEqual(meet("other", "REGION_READ"), [])
      assert.deepStrictEqual(meet(vf, "REGION_WRITE"), [])
      assert.deepStrictEqual(book.meet({ device: vf, message: "REGION_READ", kinds: ["Drop"] }), [])
      const met = [1, 2, 3, 4].map(() => meet(vf, "REGION_READ").length)
      assert.deepStrictEqual(met, [0, 1, 1, 0])
      assert.deepInclude((yield* book.list)[0], { id: 1, seen: 4, hits: 2 })
    })
  )

  it.effect("a target without names is met by all, and a cleared fault by none", () =>
    Effect.gen(function* () {
      const book = new FaultBook()
      const target = { device: null, message: null }
      const first = yield* book.inject({ kind: { _tag: "Delay", millis: 5 }, target, nth: 1, count: 9 })
      const second = yield* book.inject({ kind: { _tag: "Drop" }, target, nth: 1, count: 9 })
      const anything = { device: "any", message: "any", kinds: ["Delay", "Drop"] } as const
      assert.deepStrictEqual(book.meet(anything), [{ _tag: "Delay", millis: 5 }, { _tag: "Drop" }])
      assert.deepStrictEqual(yield* book.clear([first.id, 99]), [{ ...first, seen: 1, hits: 1 }])
      assert.deepStrictEqual(book.meet(anything), [{ _tag: "Drop" }])
      assert.deepStrictEqual(yield* book.clear(null), [{ ...second, seen: 2, hits: 2 }])
      assert.isTrue(book.empty)
    })
  )

  it.effect("a book is full at some time: spent faults are to be cleared", () =>
    Effect.gen(function* () {
      const book = new FaultBook()
      const fault = { kind: { _tag: "Drop" }, target: { device: null, message: null }, nth: 1, count: 1 } as const
      yield* Effect.replicateEffect(book.inject(fault), 256)
      const refused = yield* Effect.flip(book.inject(fault))
      assert.include(refused.message, "there are 256 faults already; clear those that are spent")
      yield* book.clear([1])
      assert.strictEqual((yield* book.inject(fault)).id, 257)
    })
  )
})

describe("faults over the wire", () => {
  it.scopedLive("are injected, listed with their hits, cleared", () =>
    Effect.gen(function* () {
      const { agent, faults } = yield* serveHost({ name: "alpha" })
      const injected = yield* agent.inject(hang)
      assert.deepStrictEqual(injected, { id: 1, ...hang, seen: 0, hits: 0 })
      faults.meet({ device: vf, message: "Drain", kinds: ["HangDrain"] })
      assert.deepStrictEqual(yield* agent.listFaults, [{ ...injected, seen: 1, hits: 1 }])
      assert.deepStrictEqual(yield* agent.clearFaults({ ids: null }), [{ ...injected, seen: 1, hits: 1 }])
      assert.deepStrictEqual(yield* agent.listFaults, [])
    })
  )

  it.scopedLive("are refused by a host that has none", () =>
    Effect.gen(function* () {
      const { agent } = yield* serveHost({ name: "alpha", faults: false })
      assert.isFalse((yield* agent.describe).faults)
      const error = yield* Effect.flip(agent.inject(hang))
      assert.include(error, { _tag: "FaultRefused", reason: "alpha does not inject faults" })
      assert.include(yield* Effect.flip(agent.listFaults), { _tag: "FaultRefused" })
    })
  )

  it.scopedLive(
    "a drain that hangs: a fence is recorded meanwhile, a reset ends it with EIO, then the fence is answered",
    () =>
      Effect.gen(function* () {
        const { agent, device } = yield* serveHost({ name: "alpha" })
        yield* agent.inject(hang)
        const met = agent.watch({ devices: [vf] })
        const walking = yield* Effect.fork(Effect.flip(agent.setState({ ...call, to: "PRE_COPY_P2P" })))
        yield* device.hanging.await
        const fencing = yield* Effect.fork(agent.fence({ ...call, epoch: 1 }))
        yield* Stream.runDrain(Stream.takeUntil(met, ({ epoch }) => epoch === 1))
        assert.strictEqual(fencing.unsafePoll(), null)
        yield* agent.reset({ ...call, epoch: 1 })
        assert.include(yield* Fiber.join(walking), { _tag: "EIO" })
        assert.include(yield* Fiber.join(fencing), { epoch: 1, standing: "fenced" })
        assert.strictEqual((yield* agent.getState({ device: vf })).state, "STOP")
      })
  )

  it.scopedLive("a caller that leaves does not stop what was begun, and the next one is told that it waits", () =>
    Effect.gen(function* () {
      const { agent, device } = yield* serveHost({ name: "alpha" })
      yield* agent.inject(hang)
      const walking = yield* Effect.fork(agent.setState({ ...call, to: "PRE_COPY_P2P" }))
      yield* device.hanging.await
      yield* Fiber.interrupt(walking)
      const waiting = yield* Effect.forEach(Array.from({ length: 17 }), () =>
        Effect.fork(Effect.either(agent.setState({ ...call, to: "STOP" })))
      )
      const first = yield* Effect.raceAll(waiting.map((fiber) => Fiber.join(fiber)))
      assert.strictEqual(first._tag === "Left" ? first.left._tag : "Right", "HostBusy")
      yield* agent.reset(call)
      const ends = yield* Effect.forEach(waiting, (fiber) => Fiber.join(fiber))
      assert.strictEqual(ends.filter(({ _tag }) => _tag === "Right").length, 16)
    })
  )
})
