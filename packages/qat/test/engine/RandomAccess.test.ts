/**
 * A guest out of its mind: any register, any value, any width, with an engine behind it. Nothing throws or hangs, and the journal of it gives the
 * device back, at its end and at moments in between.
 */
import { assert, it } from "@effect/vitest"
import { EINVAL } from "@stopcopy/errno"
import { RegionAccess, Registers, Vf } from "@stopcopy/qat"
import { Replay } from "@stopcopy/runtime"
import { Effect, Schema } from "effect"
import { layer } from "../driver/hosts.ts"
import { ringOffset } from "../driver/lives.ts"
import { openDevice, serviceMaps } from "../support/guest/Device.ts"
import { GuestMemory, memoryBase } from "../support/guest/GuestMemory.ts"
import { randomFrom } from "../support/Fuzz.ts"

const accesses = 100_000
const known = Replay.registry(Replay.replayable(Vf.behavior))
const jsonOf = Schema.encodeSync(Vf.behavior.state)

const bar0 = [0, 1, 2, 3].flatMap((bank) => [
  ...Registers.csrs.map(({ offset }) => bank * Registers.bankStride + offset),
  ...Registers.ringRegisters.flatMap(({ name }) => [ringOffset(bank, 0, name), ringOffset(bank, 1, name)])
])
const bar2 = Registers.miscRegisters.map(({ vfOffset }) => vfOffset)

it.live("100,000 accesses at random, and the same device out of the journal", () =>
  Effect.gen(function* () {
    const random = randomFrom(7)
    const pick = (from: ReadonlyArray<number>) => from[random(from.length)] ?? 0
    const memory = new GuestMemory(1 << 20)
    for (let at = 0; at < memory.bytes.length; at++) memory.bytes[at] = random(256)
    const { driver } = yield* openDevice("17", memory.dma, { pf: { svcmap: serviceMaps.symmetricAndCompression } })
    const bases = Number(memoryBase & 0xffff_ffffn)
    const value = () =>
      pick([0, 1, 2, 3, 8, 0x2006, 0x80, 0x100, bases, bases + 0x1_0000, random(0x1_0000_0000), random(4096)])
    const sound = () => (random(8) === 0 ? ([2, pick(bar2)] as const) : ([0, pick(bar0)] as const))
    const wild = () => [random(2) === 0 ? 0 : 2, random(0x9000) - 16] as const
    const moments: Array<{ readonly sequence: number; readonly json: string }> = []
    let refused = 0
    for (let index = 0; index < accesses; index++) {
      const [bar, offset] = random(20) === 0 ? wild() : sound()
      const length = random(10) === 0 ? pick([1, 2, 8, 64, 3]) : 4
      const bytes = new Uint8Array(length)
      if (length >= 4) new DataView(bytes.buffer).setUint32(0, value() >>> 0, true)
      const access: Effect.Effect<unknown, unknown> =
        random(4) === 0
          ? RegionAccess.read(driver, bar, offset, length)
          : RegionAccess.write(driver, bar, offset, bytes)
      const result = yield* Effect.either(access)
      if (result._tag === "Left") {
        assert.instanceOf(result.left, EINVAL)
        refused++
      }
      if (index % 20_000 === 0) {
        moments.push({ sequence: driver.vf.unsafePosition(), json: jsonOf(driver.vf.unsafeState()) })
      }
    }
    assert.isAbove(refused, 1000)
    const last = { sequence: driver.vf.unsafePosition(), json: jsonOf(driver.vf.unsafeState()) }
    for (const { json, sequence } of [...moments, last]) {
      const { state } = yield* Replay.stateAt(known, driver.vf.stream, sequence)
      assert.strictEqual(state.json, json)
    }
  }).pipe(Effect.scoped, Effect.provide(layer))
)
