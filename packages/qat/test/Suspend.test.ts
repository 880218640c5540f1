/** Suspending bank by bank, and the polling below it on the clock of the test. */
import { assert, it } from "@effect/vitest"
import { Hardware, RegisterFile, type VfState } from "@stopcopy/qat"
import { Clock, type Context, Duration, Effect, Layer, Option } from "effect"
import { coalescingWait, drainPollMicros, drainTimeoutMillis } from "../src/Suspend.ts"
import { begin } from "../src/Turn.ts"
import * as Vf from "./driver/vf.ts"

it("the limits are those of the driver", () => {
  assert.deepStrictEqual({ drainPollMicros, drainTimeoutMillis }, { drainPollMicros: 20, drainTimeoutMillis: 5000 })
})

it("the banks are drained one after the other, each marked when it is", () => {
  const walked = Vf.walk(Vf.opened(), "RUNNING_P2P")
  const steps = walked.events.flatMap((event) => {
    if (event._tag === "ArcWaits" && event.waiting._tag === "Drain") return [`drain ${event.waiting.bank}`]
    return event._tag === "BankDrained" ? [`drained ${event.bank}`] : []
  })
  assert.deepStrictEqual(
    steps,
    [0, 1, 2, 3].flatMap((bank) => [`drain ${bank}`, `drained ${bank}`])
  )
  for (const bank of [0, 1, 2, 3]) assert.isTrue(RegisterFile.isDrained(walked.state.registers, bank))
})

it("a timeout ends the suspend at that bank and names it", () => {
  const walked = Vf.walk(Vf.opened({ vfIndex: 3 }), "RUNNING_P2P", { stuck: [1] })
  assert.deepInclude(walked.events, { _tag: "DrainTimedOut", bank: 1 })
  assert.strictEqual(walked.failure?.refusal?.where, "bank 1 (bank 13 of the PF)")
  assert.lengthOf(
    walked.events.filter(({ _tag }) => _tag === "ArcWaits"),
    2
  )
})

const bank = (csrs: Partial<Record<"INT_COL_CTL" | "INT_COL_EN" | "E_STAT", number>>, mode: VfState.Mode = "safe") => {
  const registers = RegisterFile.reset()
  RegisterFile.pokeCsr(registers, 2, "INT_COL_CTL", csrs.INT_COL_CTL ?? 0x8000_1000)
  RegisterFile.pokeCsr(registers, 2, "INT_COL_EN", csrs.INT_COL_EN ?? 0x2)
  RegisterFile.pokeCsr(registers, 2, "E_STAT", csrs.E_STAT ?? 0)
  return coalescingWait(begin(Vf.opened({ registers, registerModel: "memory", mode }).state), 2)
}

it("a coalesced interrupt is waited for only if it can still come", () => {
  assert.strictEqual(bank({}), Math.floor((2 * 0x10_0000) / 1000))
  assert.isUndefined(bank({ INT_COL_CTL: 0x1000 }), "coalescing is off")
  assert.isUndefined(bank({ INT_COL_EN: 0x1 }), "the response ring has none")
  assert.isUndefined(bank({ E_STAT: 0x2 }), "the response ring is empty")
  assert.isDefined(bank({ E_STAT: 0x1 }), "an empty request ring does not matter")
})

it("the wait is twice the timer, in 32 bits", () => {
  assert.strictEqual(bank({ INT_COL_CTL: 0x8000_0002 }), 1)
  assert.strictEqual(bank({ INT_COL_CTL: 0x8080_0002 }), 1)
  assert.strictEqual(bank({ INT_COL_CTL: 0x807f_ffff }, "kernel"), 4_294_966)
})

it("the wait comes after the bank's mark and before the next bank's drain", () => {
  const registers = RegisterFile.reset()
  RegisterFile.pokeCsr(registers, 0, "INT_COL_CTL", 0x8000_1000)
  RegisterFile.pokeCsr(registers, 0, "INT_COL_EN", 2)
  const walked = Vf.walk(Vf.opened({ registers, registerModel: "memory" }), "RUNNING_P2P")
  assert.deepStrictEqual(Vf.tags(walked.events).slice(1, 6), [
    "ArcWaits",
    "BankDrained",
    "ArcWaits",
    "CoalescingQuiesced",
    "ArcWaits"
  ])
})

/** A clock on which a sleep is over at once and takes exactly its time. */
const instantClock = (): Clock.Clock => {
  let nanos = 0n
  const unsafeCurrentTimeMillis = () => Number(nanos / 1_000_000n)
  return {
    ...Clock.make(),
    unsafeCurrentTimeMillis,
    unsafeCurrentTimeNanos: () => nanos,
    currentTimeMillis: Effect.sync(unsafeCurrentTimeMillis),
    currentTimeNanos: Effect.sync(() => nanos),
    sleep: (duration) =>
      Effect.sync(() => {
        nanos += Option.getOrElse(Duration.toNanos(duration), () => 0n)
      })
  }
}

/** Registers that turn ready after so many microseconds, and what was done to them. */
const polled = (readyMicros: number) => {
  const seen = { started: new Array<number>(), finished: new Array<number>(), reads: 0 }
  const ready = Effect.map(Clock.currentTimeNanos, (now) => {
    seen.reads++
    return now >= BigInt(readyMicros) * 1000n
  })
  const layer = Hardware.layerPolled({
    startDrain: (pfBank) => Effect.sync(() => seen.started.push(pfBank)),
    isDrained: () => ready,
    finishDrain: (pfBank) => Effect.sync(() => seen.finished.push(pfBank)),
    hasInterrupt: () => ready,
    fileCreation: Effect.succeed(0)
  })
  return { layer, seen }
}

const waiting = <A>(readyMicros: number, wait: (hardware: Context.Tag.Service<Hardware>) => Effect.Effect<A>) =>
  Effect.gen(function* () {
    const { layer, seen } = polled(readyMicros)
    const hardware = yield* Hardware.pipe(Effect.provide(layer))
    const start = yield* Clock.currentTimeNanos
    const result = yield* wait(hardware)
    return { result, ...seen, micros: Number(((yield* Clock.currentTimeNanos) - start) / 1000n) }
  }).pipe(Effect.withClock(instantClock()))

it.effect("a drain is started once and polled every 20 µs", () =>
  Effect.gen(function* () {
    const drained = yield* waiting(90, ({ drain }) => drain(9))
    assert.deepStrictEqual(drained, { result: true, started: [9], finished: [], reads: 6, micros: 100 })
  })
)

it.effect("a drain that comes at 5 s has come, one that does not has timed out", () =>
  Effect.gen(function* () {
    const atLimit = yield* waiting(5_000_000, ({ drain }) => drain(0))
    assert.deepInclude(atLimit, { result: true, micros: 5_000_000 })
    const late = yield* waiting(60_000_000, ({ drain }) => drain(0))
    assert.deepInclude(late, { result: false, micros: 5_000_020 })
  })
)

it.effect("a released bank has its status cleared", () =>
  Effect.gen(function* () {
    const released = yield* waiting(0, ({ release }) => release(9))
    assert.deepStrictEqual(released.finished, [9])
  })
)

it.effect("an interrupt is looked for every millisecond, up to the limit or for ever", () =>
  Effect.gen(function* () {
    const limited = yield* waiting(2_000_000, ({ interruptSource }) => interruptSource(0, 3000))
    assert.include(limited, { reads: 6, micros: 4000 })
    const endless = yield* waiting(2_000_000, ({ interruptSource }) => interruptSource(0, null))
    assert.include(endless, { reads: 2001, micros: 2_000_000 })
  })
)

it.effect("an idle device waits for nothing", () =>
  Effect.gen(function* () {
    const { drain, fileCreation, interruptSource } = yield* Hardware
    yield* interruptSource(0, null)
    assert.deepStrictEqual([yield* drain(63), yield* fileCreation], [true, 0])
  }).pipe(Effect.provide(Layer.fresh(Hardware.layerIdle)))
)
