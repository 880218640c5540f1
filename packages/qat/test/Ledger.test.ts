/** The ledger over requests of 64 bytes; the migrations of `engine/Migrations.test.ts` have it over those of 128, with planted faults. */
import { assert, it } from "@effect/vitest"
import { Ledger, ledgerOf, Registers, type VfEvent } from "@stopcopy/qat"
import type { MigrationState } from "@stopcopy/vfio"
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

it("a device that was loaded and reset before it ran never had the guest; the next load goes on where it was", () => {
  const bar0 = (name: Registers.RingRegisterName, ring: number) => Registers.ringOffset(name, ring)
  const written = (offset: number, value: number) => ({ _tag: "RegisterWritten", bar: 0, offset, value }) as const
  const arc = (from: MigrationState, to: MigrationState) => ({ _tag: "ArcTaken", from, to }) as const
  const load = {
    _tag: "StateLoaded",
    pfVersion: 2,
    init: null,
    compatVersion: null,
    writes: [
      [0, bar0("CONFIG", 0), 8],
      [0, bar0("TAIL", 0), 256]
    ],
    failure: null
  } as const
  const over = (ledger: Ledger.Ledger, ...events: ReadonlyArray<VfEvent>) => events.reduce(Ledger.record, ledger)
  const loaded = [load, arc("RESUMING", "STOP")] as const
  // Two requests of 128 bytes wait when the guest leaves.
  const source = over(
    Ledger.empty,
    written(bar0("CONFIG", 0), 8),
    written(bar0("TAIL", 0), 256),
    arc("RUNNING", "STOP")
  )
  const reset = { _tag: "ResetDone", cleared: true } as const
  const failed = over(Ledger.move(source), ...loaded, reset)
  assert.deepStrictEqual(failed, Ledger.move(source))
  const account = { bank: 0, submitted: 2, taken: 0, wrong: [], waitsForInterrupts: false }
  const waiting = [{ fault: "not executed", bank: 0, ring: 0, index: 0 }] as const
  const running = over(failed, ...loaded, arc("STOP", "RUNNING_P2P"))
  assert.deepStrictEqual(Ledger.audit(running, [account]), waiting)
  // One that ran had the guest: its requests end with it.
  assert.deepStrictEqual(Ledger.audit(over(running, reset), [{ ...account, submitted: 0 }]), [])
})
