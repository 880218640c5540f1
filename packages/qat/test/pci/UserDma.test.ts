/** The gate before a user's memory: who waits, who is let through, and what is left when a user goes or the function is reset. */
import { assert, describe, it } from "@effect/vitest"
import { UserDma } from "@stopcopy/qat"
import { type DmaAccess, DmaFault } from "@stopcopy/qat/engine"
import { Effect, Either, Fiber } from "effect"
import { layer, open } from "../driver/hosts.ts"

const dataOf = (fill: number): Uint8Array => new Uint8Array(4).fill(fill)

/** Memory that is full of one byte and takes everything. */
const fullOf = (fill: number): DmaAccess => ({
  read: () => Either.right(dataOf(fill)),
  write: () => Either.void,
  mayWrite: () => Either.void
})

/** Memory that answers when `answer` does; `asked` opens with the first call. */
const slow = (answer: Effect.Effect<Uint8Array, DmaFault>, asked: Effect.Latch): DmaAccess => {
  const call = Effect.zipRight(asked.open, answer)
  return { read: () => call, write: () => Effect.asVoid(call), mayWrite: () => Effect.asVoid(call) }
}

const fault = new DmaFault({ address: 0n, length: 4, direction: "read" })

const gate = Effect.gen(function* () {
  const { driver } = yield* open("17", { vf: { registerModel: "device" } })
  const memory = new UserDma(driver.vf)
  return { driver, memory, read: Effect.suspend(() => memory.dma.read(0n, 4)) }
})

/** A fiber that has begun, and waits. */
const begun = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.tap(Effect.fork(effect), (fiber) =>
    Effect.gen(function* () {
      yield* Effect.yieldNow()
      yield* Effect.yieldNow()
      assert.isNull(fiber.unsafePoll())
    })
  )

describe("an access", () => {
  it.scoped("is the user's at once, faults included", () =>
    Effect.gen(function* () {
      const { memory } = yield* gate
      memory.enter({ ...fullOf(1), read: () => Either.left(fault) })
      memory.master(true)
      assert.deepStrictEqual(memory.dma.write(0n, dataOf(0)), Either.void)
      assert.deepStrictEqual(memory.dma.mayWrite(0n, 4), Either.void)
      const read = memory.dma.read(0n, 4)
      assert.isTrue(Either.isEither(read) && Either.isLeft(read) && read.left === fault)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("waits for a user, and for the bus", () =>
    Effect.gen(function* () {
      const { memory, read } = yield* gate
      const waiting = yield* begun(read)
      memory.enter(fullOf(1))
      yield* Effect.yieldNow()
      assert.isNull(waiting.unsafePoll())
      memory.master(true)
      assert.deepStrictEqual(yield* Fiber.join(waiting), dataOf(1))
      memory.master(false)
      const again = yield* begun(Effect.all([memory.dma.write(0n, dataOf(0)), memory.dma.mayWrite(0n, 4)]))
      memory.master(true)
      yield* Fiber.join(again)
    }).pipe(Effect.provide(layer))
  )

  for (const [how, answer] of [
    ["never comes", Effect.never],
    ["fails once the user is away", Effect.fail(fault)]
  ] as const) {
    it.scoped(`whose answer ${how} is done anew for the next user`, () =>
      Effect.gen(function* () {
        const { memory, read } = yield* gate
        const [asked, away] = [yield* Effect.makeLatch(false), yield* Effect.makeLatch(false)]
        memory.master(true)
        memory.enter(slow(Effect.zipRight(away.await, answer), asked))
        const under = yield* Effect.fork(read)
        yield* asked.await
        memory.leave()
        yield* away.open
        yield* Effect.yieldNow()
        assert.isNull(under.unsafePoll())
        memory.enter(fullOf(2))
        assert.deepStrictEqual(yield* Fiber.join(under), dataOf(2))
      }).pipe(Effect.provide(layer))
    )
  }

  it.scoped("whose answer comes late is the user's, and so is its fault", () =>
    Effect.gen(function* () {
      const { memory, read } = yield* gate
      const [asked, answer] = [yield* Effect.makeLatch(false), yield* Effect.makeLatch(false)]
      memory.master(true)
      memory.enter(slow(Effect.as(answer.await, dataOf(3)), asked))
      const under = yield* Effect.fork(read)
      yield* asked.await
      // What is under way goes on when the bus is left alone.
      memory.master(false)
      yield* answer.open
      assert.deepStrictEqual(yield* Fiber.join(under), dataOf(3))
      memory.leave()
      memory.enter(slow(Effect.fail(fault), asked))
      memory.master(true)
      assert.strictEqual(yield* Effect.flip(read), fault)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("that waits when the function is reset faults, whoever resets it", () =>
    Effect.gen(function* () {
      const { driver, memory, read } = yield* gate
      const waiting = yield* begun(Effect.flip(read))
      yield* driver.reset
      assert.include(yield* Fiber.join(waiting), { _tag: "DmaFault", direction: "read", length: 4 })
      memory.enter(fullOf(4))
      memory.master(true)
      assert.deepStrictEqual(yield* read, dataOf(4))
    }).pipe(Effect.provide(layer))
  )
})

describe("quitting", () => {
  it.scoped("faults what waits, what is under way and what comes, until it is over", () =>
    Effect.gen(function* () {
      const { memory, read } = yield* gate
      const asked = yield* Effect.makeLatch(false)
      memory.master(true)
      memory.enter(slow(Effect.never, asked))
      const under = yield* Effect.fork(Effect.flip(read))
      yield* asked.await
      memory.master(false)
      const waiting = yield* begun(Effect.flip(read))
      const quit = Effect.gen(function* () {
        assert.include(yield* Fiber.join(under), { _tag: "DmaFault" })
        assert.include(yield* Fiber.join(waiting), { _tag: "DmaFault" })
        memory.master(true)
        assert.include(yield* Effect.flip(memory.dma.write(8n, dataOf(0))), { address: 8n, direction: "write" })
        return "over"
      })
      assert.strictEqual(yield* memory.quit(quit), "over")
      memory.leave()
      memory.enter(fullOf(5))
      assert.deepStrictEqual(yield* read, dataOf(5))
    }).pipe(Effect.provide(layer))
  )
})

it.scoped("gone: at once without a user, with one when it leaves", () =>
  Effect.gen(function* () {
    const { memory } = yield* gate
    yield* memory.gone
    memory.enter(fullOf(0))
    const waiting = yield* begun(memory.gone)
    memory.leave()
    yield* Fiber.join(waiting)
  }).pipe(Effect.provide(layer))
)
