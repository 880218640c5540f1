/** Calls that meet: a fence during a reset, a vote while the guest is let run, callers that leave in the middle. */
import { assert, it } from "@effect/vitest"
import { type Epochs, type HostDevice } from "@stopcopy/agent"
import { makeMemoryHost, type MemoryDevice } from "@stopcopy/agent/testing"
import { MigrationStates } from "@stopcopy/vfio"
import { Effect, Fiber, Option } from "effect"
import { DeviceCalls } from "../../src/handlers/DeviceCalls.ts"
import { vf } from "../support.ts"

interface Made {
  readonly plain: HostDevice
  readonly device: MemoryDevice
}

const fenced: Epochs.EpochRecord = { epoch: 1, standing: "fenced", digest: null }
const [running, stop] = [MigrationStates.toNumber("RUNNING"), MigrationStates.toNumber("STOP")]

/** Calls on a device in memory, of which some parts are replaced. */
const calls = (replace: (made: Made) => Partial<HostDevice> = () => ({}), hangs = false) =>
  Effect.gen(function* () {
    const { devices, host } = yield* makeMemoryHost({ name: "alpha" })
    const plain = yield* host.device(vf)
    const device = yield* Option.fromNullable(devices.get(vf))
    if (hangs) {
      const target = { device: vf, message: "Drain" }
      yield* host.faults?.inject({ kind: { _tag: "HangDrain" }, target, nth: 1, count: 1 }) ?? Effect.void
    }
    return { device, plain, calls: new DeviceCalls({ ...plain, ...replace({ plain, device }) }) }
  })

it.effect("a fence that is recorded while the device is reset has the last word", () =>
  Effect.gen(function* () {
    const { calls: made, device } = yield* calls(({ plain, device }) => ({
      migration: {
        ...plain.migration,
        setState: (to) => device.setState(to),
        reset: Effect.zipRight(Effect.orDie(plain.recordEpoch(fenced)), device.reset)
      }
    }))
    assert.deepStrictEqual(yield* made.reset(0), { state: "STOP", session: null })
    assert.strictEqual(yield* device.getState, "STOP")
  })
)

it.effect("a vote for a device that its VMM lets run meanwhile is withdrawn, and the device stands still", () =>
  Effect.gen(function* () {
    const {
      calls: made,
      device,
      plain
    } = yield* calls(({ plain, device }) => ({
      recordEpoch: (record) =>
        Effect.zipRight(
          record.standing === "granted" ? Effect.orDie(device.setState(running)) : Effect.void,
          plain.recordEpoch(record)
        )
    }))
    yield* device.setState(stop)
    assert.include(yield* Effect.flip(made.grant(1, null)), { _tag: "EBUSY" })
    assert.deepStrictEqual(yield* plain.epoch, fenced)
    assert.strictEqual(yield* device.getState, "STOP")
    assert.include(yield* Effect.flip(made.adopt(1)), { _tag: "EpochConflict" })
  })
)

it.effect("a vote for a state that is written meanwhile is withdrawn", () =>
  Effect.gen(function* () {
    const {
      calls: made,
      device,
      plain
    } = yield* calls(({ plain, device }) => ({
      recordEpoch: (record) =>
        Effect.zipRight(
          Effect.sync(() => device.registers.fill(7)),
          plain.recordEpoch(record)
        )
    }))
    yield* device.setState(stop)
    const { digests } = yield* made.digest(false)
    assert.include(yield* Effect.flip(made.grant(1, digests.whole)), { _tag: "DigestMismatch" })
    assert.deepStrictEqual(yield* plain.epoch, fenced)
  })
)

it.effect("a fence whose caller has left still stops the device", () =>
  Effect.gen(function* () {
    const { calls: made, device, plain } = yield* calls(undefined, true)
    const walking = yield* Effect.fork(Effect.exit(made.setState(0, "RUNNING_P2P")))
    yield* device.hanging.await
    const fencing = yield* Effect.forkDaemon(made.fence(1))
    while ((yield* plain.epoch).standing !== "fenced") yield* Effect.yieldNow()
    yield* Fiber.interrupt(fencing)
    yield* device.reset
    yield* walking
    while ((yield* device.getState) !== "STOP") yield* Effect.yieldNow()
  }).pipe(Effect.timeout("5 seconds"))
)

it.effect("a reset whose caller leaves in the middle runs to its end", () =>
  Effect.gen(function* () {
    const begun = yield* Effect.makeLatch(false)
    const goOn = yield* Effect.makeLatch(false)
    const {
      calls: made,
      device,
      plain
    } = yield* calls(({ plain, device }) => ({
      migration: {
        ...plain.migration,
        setState: (to) => device.setState(to),
        reset: begun.open.pipe(Effect.zipRight(goOn.await), Effect.zipRight(device.reset))
      }
    }))
    yield* plain.recordEpoch(fenced)
    const resetting = yield* Effect.forkDaemon(made.reset(1))
    yield* begun.await
    yield* Fiber.interrupt(resetting)
    device.registers.fill(7)
    yield* device.setState(running)
    yield* goOn.open
    while ((yield* device.getState) !== "STOP") yield* Effect.yieldNow()
    assert.strictEqual(device.registers[0], 0)
  })
)
