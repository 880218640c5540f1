/** Rate limits as a guest finds them: requests through rings under SLAs, by a clock that the test moves. */
import { assert, describe, it } from "@effect/vitest"
import { Pace, RateLimiter } from "@stopcopy/qat/engine"
import { Effect, TestClock } from "effect"
import { layer } from "../driver/hosts.ts"
import { encryptionAt } from "../support/guest/Cbc.ts"
import { openDevice, serviceMaps } from "../support/guest/Device.ts"
import { GuestMemory } from "../support/guest/GuestMemory.ts"
import { attach, RingPair } from "../support/guest/RingPair.ts"

/** A device of 80 Mbit a second for symmetric requests: 10,000 bytes a millisecond. 1000 permille. */
const bytesPerSecond = 10_000_000
const requestBytes = 16_000

const slaOf = (bank: number, cir: number, pir: number) => ({
  service: 1,
  // VF 1 has banks 4 to 7 of the device.
  ringPairMask: 1n << BigInt(4 + bank),
  cir,
  pir
})

type Sla = ReturnType<typeof slaOf>

const world = (slas: ReadonlyArray<Sla>) =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 21)
    const pace = new Pace(new RateLimiter([1000, bytesPerSecond, bytesPerSecond]))
    const { driver, pf } = yield* openDevice("17", memory.dma, {
      pf: { svcmap: serviceMaps.symmetric, rateLimiting: true, slas },
      engine: { pace }
    })
    const ring = (bank: number) =>
      Effect.gen(function* () {
        const pair = new RingPair(attach(driver, memory), bank)
        yield* pair.setup
        const source = memory.take(requestBytes)
        const request = encryptionAt(memory, 1n, source, source, requestBytes, memory.take(32))
        let done = 0
        /** Keeps the ring full, and takes what is there. */
        const turn = Effect.gen(function* () {
          if (pair.room > 0) yield* pair.submit(Array.from({ length: pair.room }, () => request))
          done += (yield* pair.poll).length
        })
        return { turn, bytes: () => done * requestBytes }
      })
    return { pf, ring }
  })

/** Lets other fibers do what they can without time going by. */
const settle = Effect.repeatN(
  Effect.async<void>((resume) => {
    setImmediate(() => resume(Effect.void))
  }),
  16
)

interface Ring {
  readonly turn: Effect.Effect<void, unknown>
  readonly bytes: () => number
}

/** Bytes that each ring gets through in a second, once the first bursts are over. */
const oneSecond = (rings: ReadonlyArray<Ring>) =>
  Effect.gen(function* () {
    const pass = (steps: number) =>
      Effect.gen(function* () {
        for (let step = 0; step < steps; step++) {
          yield* Effect.forEach(rings, ({ turn }) => turn, { discard: true })
          yield* settle
          yield* TestClock.adjust("20 millis")
          yield* settle
        }
      })
    yield* pass(5)
    const before = rings.map(({ bytes }) => bytes())
    yield* pass(50)
    return rings.map(({ bytes }, index) => bytes() - (before[index] ?? 0))
  })

const isAbout = (bytes: number | undefined, permille: number): void => {
  const wanted = (bytesPerSecond * permille) / 1000
  assert.isAtLeast(bytes ?? 0, wanted * 0.9)
  assert.isAtMost(bytes ?? 0, wanted * 1.1)
}

describe("under a test clock, within 10 %", () => {
  it.scoped("PIR caps a ring pair", () =>
    Effect.gen(function* () {
      const { ring } = yield* world([slaOf(0, 50, 150)])
      const [bytes] = yield* oneSecond([yield* ring(0)])
      isAbout(bytes, 150)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("CIR is kept where the device has no more: the rest is shared", () =>
    Effect.gen(function* () {
      const { ring } = yield* world([slaOf(0, 600, 1000), slaOf(1, 100, 1000)])
      const [promised, other] = yield* oneSecond([yield* ring(0), yield* ring(1)])
      assert.isAtLeast(promised ?? 0, bytesPerSecond * 0.6 * 0.9)
      assert.isAtLeast(other ?? 0, bytesPerSecond * 0.1 * 0.9)
      isAbout((promised ?? 0) + (other ?? 0), 1000)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a request that a low limit holds back for long goes as soon as the limit is gone", () =>
    Effect.gen(function* () {
      const { pf, ring } = yield* world([slaOf(0, 0, 1)])
      const pair = yield* ring(0)
      yield* pair.turn
      yield* settle
      yield* TestClock.adjust("1 millis")
      yield* pair.turn
      const before = pair.bytes()
      yield* pf.ask({ _tag: "RemoveSla", slot: 0 })
      yield* settle
      yield* pair.turn
      // No time has gone by: the limit of a permille would have let none through.
      assert.isAtLeast(pair.bytes() - before, 8 * requestBytes)
    }).pipe(Effect.provide(layer))
  )

  it.scoped("a new SLA holds at once", () =>
    Effect.gen(function* () {
      const { pf, ring } = yield* world([slaOf(0, 0, 100)])
      const pair = yield* ring(0)
      isAbout((yield* oneSecond([pair]))[0], 100)
      yield* pf.ask({ _tag: "RemoveSla", slot: 0 })
      yield* pf.ask({ _tag: "AddSla", sla: slaOf(0, 0, 300) })
      isAbout((yield* oneSecond([pair]))[0], 300)
    }).pipe(Effect.provide(layer))
  )
})
