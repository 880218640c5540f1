/** Accesses of a guest by width: one register, two in ascending order, or a refusal that changes nothing. */
import { assert, it } from "@effect/vitest"
import { RegionAccess } from "@stopcopy/qat"
import { Effect, Either } from "effect"
import { layer } from "./driver/hosts.ts"
import { openDevice } from "./support/guest/Device.ts"
import { GuestMemory } from "./support/guest/GuestMemory.ts"

it("4 bytes are a register, 8 are two, everything else is none", () => {
  assert.deepStrictEqual(RegionAccess.registersOf(0, 0x1040, 4), Either.right([0x1040]))
  assert.deepStrictEqual(RegionAccess.registersOf(0, 0x1040, 8), Either.right([0x1040, 0x1044]))
  assert.deepStrictEqual(RegionAccess.registersOf(2, 0x1ffc, 4), Either.right([0x1ffc]))
  for (const [bar, offset, length] of [
    [0, 0, 1],
    [0, 0, 2],
    [0, 0, 16],
    [0, 0, 64],
    [0, 2, 4],
    [0, -4, 4],
    [0, 0x8000, 4],
    [0, 0x7ffc, 8],
    [2, 0x2000, 4],
    [2, 0.5, 4]
  ] as const) {
    const answer = RegionAccess.registersOf(bar, offset, length)
    assert.isTrue(Either.isLeft(answer) && answer.left._tag === "EINVAL", `${bar} ${offset} ${length}`)
    if (Either.isLeft(answer)) assert.include(answer.left.refusal?.source ?? "", `${length} bytes`)
  }
})

it.scoped("a write of 8 bytes reaches two registers, low word first, and a read gives them back", () =>
  Effect.gen(function* () {
    const { driver } = yield* openDevice("17", new GuestMemory(4096).dma)
    const bytes = Uint8Array.of(0x40, 0x00, 0x00, 0x20, 0x80, 0, 0, 0)
    yield* RegionAccess.write(driver, 0, 0x1040, bytes)
    assert.deepStrictEqual(yield* RegionAccess.read(driver, 0, 0x1040, 8), bytes)
    assert.strictEqual(yield* driver.readRegister(0, 0x1044), 0x80)
    const before = driver.vf.unsafeState()
    const refused = yield* Effect.flip(RegionAccess.write(driver, 0, 0x1040, new Uint8Array(64)))
    assert.include(refused, { _tag: "EINVAL" })
    assert.strictEqual(driver.vf.unsafeState(), before)
  }).pipe(Effect.provide(layer))
)
