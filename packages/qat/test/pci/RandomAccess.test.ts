/**
 * A user out of its mind before the whole device: any region, place, width and value, alone and in batches, with resets, sleep and users that come and
 * go. Nothing throws or hangs, every refusal is an errno, and the journal gives both actors back.
 */
import { assert, it } from "@effect/vitest"
import { isErrno } from "@stopcopy/errno"
import { ConfigLayout, Pci, Vf } from "@stopcopy/qat"
import { Replay, Verify } from "@stopcopy/runtime"
import { Effect, Either, Exit, Schema, Scope } from "effect"
import { layer } from "../driver/hosts.ts"
import { ringOffset } from "../driver/lives.ts"
import { randomFrom } from "../support/Fuzz.ts"
import { GuestMemory, memoryBase } from "../support/guest/GuestMemory.ts"
import { configRegion, newDevice, User } from "./vfio.ts"

const known = Replay.registry(Replay.replayable(Vf.behavior), Replay.replayable(Pci.behavior))
const jsonOf = { vf: Schema.encodeSync(Vf.behavior.state), pci: Schema.encodeSync(Pci.behavior.state) }
const rings = [0, 1].flatMap((bank) =>
  (["CONFIG", "LBASE", "UBASE", "HEAD", "TAIL"] as const).flatMap((name) => [
    ringOffset(bank, 0, name),
    ringOffset(bank, 1, name)
  ])
)

/** Accesses of a user that aims, mostly. */
const accesses = (seed: number) => {
  const random = randomFrom(seed)
  const pick = <A>(...from: readonly [A, ...ReadonlyArray<A>]): A => from[random(from.length)] ?? from[0]
  const place = (): readonly [region: number, offset: number] => {
    const field = ConfigLayout.fields[random(ConfigLayout.fields.length)]
    switch (random(5)) {
      case 0:
        return [pick(0, 1, 2, 3, 6, 7, 8), random(0x9000) - 16]
      case 1:
        return [2, pick(0, 4, 0x1000, 0x1004, 0x1008, 0x100c, ConfigLayout.msixTableAt + 4 * random(4), 0x1900)]
      case 2:
        return [0, rings[random(rings.length)] ?? 0]
      default:
        return [configRegion, (field?.offset ?? 0) + (random(4) === 0 ? random(4) : 0)]
    }
  }
  const bytes = (): Uint8Array => {
    const all = new Uint8Array(pick(4, 4, 4, 2, 2, 8, 1, 3, 16, 0))
    const value = pick(0, 1, 3, 6, 0x8000, 0x2006, 0x80, Number(memoryBase & 0xffff_ffffn), random(0x1_0000_0000))
    for (let at = 0; at < Math.min(4, all.length); at++) all[at] = Math.floor(value / 0x100 ** at) % 0x100
    return all
  }
  const access = () => {
    const [region, offset] = place()
    return { region, offset, bytes: bytes() }
  }
  return { random, access, batch: () => Array.from({ length: random(12) }, access) }
}

for (const seed of [1, 2, 3]) {
  it.live(`3,000 steps at random (seed ${seed}), and both actors out of the journal`, () =>
    Effect.gen(function* () {
      const { access, batch, random } = accesses(seed)
      const { device, driver, pci, vf } = yield* newDevice("17")
      const memory = new GuestMemory(1 << 16)
      const refused = new Map<string, number>()
      const note = (error: unknown) => {
        assert.isTrue(isErrno(error))
        if (isErrno(error)) refused.set(error._tag, (refused.get(error._tag) ?? 0) + 1)
      }
      let stay = yield* Scope.make()
      for (let step = 0; step < 3000; step++) {
        const { bytes, offset, region } = access()
        const kind = random(40)
        if (kind === 0) {
          yield* Scope.close(stay, Exit.void)
          stay = yield* Scope.make()
          yield* Scope.extend(device.attach(new User(memory.dma)), stay)
        } else if (kind === 1) yield* device.reset
        else if (kind < 10) {
          for (const answer of yield* device.writeAll(batch())) if (Either.isLeft(answer)) note(answer.left)
        } else {
          const write = kind < 28 ? device.write(region, offset, bytes) : device.read(region, offset, bytes)
          const result = yield* Effect.either(write)
          if (Either.isLeft(result)) note(result.left)
        }
      }
      yield* Scope.close(stay, Exit.void)
      assert.includeMembers([...refused.keys()], ["EINVAL", "EPERM", "EIO"])
      assert.isAbove(pci.unsafeState().resets, 10)
      assert.isFalse(pci.unsafeState().resetting)
      const past = yield* Replay.stateAt(known, pci.stream)
      assert.strictEqual(past.state.json, jsonOf.pci(pci.unsafeState()))
      const { state } = yield* Replay.stateAt(known, driver.vf.stream, vf.unsafePosition())
      assert.strictEqual(state.json, jsonOf.vf(vf.unsafeState()))
      yield* Verify.verify()
    }).pipe(Effect.scoped, Effect.provide(layer))
  )
}
