/** What a save reads: every register once, in the order of the block, as the model answers a read. */
import { assert, it } from "@effect/vitest"
import { RegisterAccess, RegisterFile, Registers } from "@stopcopy/qat"
import { snapshotBank, snapshotMisc } from "../src/Snapshot.ts"
import { busyRegisters } from "./support/Sample.ts"

it("a bank's registers come in the order in which the driver reads them, its rings with their bases", () => {
  const file = RegisterFile.reset()
  for (const [index, { name }] of Registers.csrs.entries()) RegisterFile.pokeCsr(file, 2, name, 0x100 + index)
  for (const ring of [0, 1]) {
    for (const [index, { name }] of Registers.ringRegisters.entries()) {
      RegisterFile.pokeRing(file, 2, ring, name, 0x10 * (ring + 1) + index)
    }
  }
  assert.deepStrictEqual(snapshotBank(file, "memory", 2), {
    csrs: Array.from({ length: 16 }, (_, index) => 0x100 + index),
    rings: [
      { config: 0x10, base: 0x12_0000_0011n, head: 0x13, tail: 0x14 },
      { config: 0x20, base: 0x22_0000_0021n, head: 0x23, tail: 0x24 }
    ]
  })
  assert.deepStrictEqual(snapshotBank(file, "memory", 1), snapshotBank(RegisterFile.reset(), "memory", 1))
})

it("status registers of the derived model are those of the rings", () => {
  const file = busyRegisters()
  for (const bank of [0, 1, 2, 3]) {
    const { csrs } = snapshotBank(file, "derived", bank)
    for (const [index, { name }] of Registers.csrs.entries()) {
      assert.strictEqual(csrs[index], RegisterAccess.readCsr(file, "derived", bank, name), name)
    }
  }
})

it("the interrupt and mailbox registers come by name, and a snapshot changes nothing", () => {
  const file = busyRegisters()
  const before = Uint32Array.from(file)
  assert.deepStrictEqual(snapshotMisc(file, "derived"), {
    VINTSOU: 0x105a,
    VINTMSK: 0x105b,
    VINTSOUPF2VM: 0x105c,
    VINTMSKPF2VM: 0x105d,
    PF2VM: 0x105e,
    VM2PF: 0x105f
  })
  assert.deepStrictEqual(file, before)
})
