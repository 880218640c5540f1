/** The ledger over requests of 64 bytes; the migrations of `engine/Migrations.test.ts` have it over those of 128, with planted faults. */
import { assert, it } from "@effect/vitest"
import { Ledger, ledgerOf } from "@stopcopy/qat"
import { Effect } from "effect"
import { layer } from "./driver/hosts.ts"
import { openDevice, serviceMaps } from "./support/guest/Device.ts"
import { GuestMemory } from "./support/guest/GuestMemory.ts"
import { attach, RingPair } from "./support/guest/RingPair.ts"

it.scoped("a bank of asymmetric requests is accounted in requests of 64 bytes", () =>
  Effect.gen(function* () {
    const memory = new GuestMemory(1 << 16)
    const { driver } = yield* openDevice("17", memory.dma, { pf: { svcmap: serviceMaps.mixed } })
    // Bank 0 is asymmetric: what this driver calls a request is two of them.
    const pair = new RingPair(attach(driver, memory), 0, { depth: 16 })
    yield* pair.setup
    const two = new Uint8Array(128).fill(1)
    const done = (count: number) => driver.vf.until(({ device }) => device?.banks[0]?.placed === count)
    yield* pair.submit([two, two])
    yield* done(4)
    yield* pair.submit([two])
    yield* done(6)
    const ledger = yield* ledgerOf([driver.vf.stream])
    const guest = { bank: 0, submitted: 6, taken: 6, wrong: [], waitsForInterrupts: false }
    assert.deepStrictEqual(Ledger.audit(ledger, [guest]), [])
    assert.deepStrictEqual(Ledger.audit(ledger, [{ ...guest, submitted: 8 }]), [
      { fault: "lost tail", bank: 0, ring: 0, index: 6 }
    ])
  }).pipe(Effect.provide(layer))
)
