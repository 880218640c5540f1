/** A VF's registers in one array: every word its own, both models, latches and the drained mark. */
import { assert, it } from "@effect/vitest"
import { RegisterAccess, RegisterFile, Registers } from "@stopcopy/qat"

const { csrs, miscRegisters, ringRegisters } = Registers

it("a file has 27 words for each of 4 banks, and 6 for interrupts and mailbox, all 0 after a reset", () => {
  assert.strictEqual(RegisterFile.registerWords, 4 * 27 + 6)
  assert.deepStrictEqual(RegisterFile.reset(), new Uint32Array(114))
})

it("every register has its own word", () => {
  const file = RegisterFile.reset()
  let next = 1
  for (const bank of [0, 1, 2, 3]) {
    for (const { name } of csrs) RegisterFile.pokeCsr(file, bank, name, next++)
    for (const ring of [0, 1]) {
      for (const { name } of ringRegisters) RegisterFile.pokeRing(file, bank, ring, name, next++)
    }
  }
  for (const { name } of miscRegisters) RegisterFile.pokeMisc(file, name, next++)
  let expected = 1
  for (const bank of [0, 1, 2, 3]) {
    for (const { name } of csrs) assert.strictEqual(RegisterFile.csr(file, bank, name), expected++)
    for (const ring of [0, 1]) {
      for (const { name } of ringRegisters) {
        assert.strictEqual(RegisterFile.ringRegister(file, bank, ring, name), expected++)
      }
    }
  }
  for (const { name } of miscRegisters) assert.strictEqual(RegisterFile.misc(file, name), expected++)
  assert.strictEqual(expected - 1, 4 * 26 + 6)
})

it("a base address has its low and its high word", () => {
  const file = RegisterFile.reset()
  RegisterAccess.writeBar0(file, "derived", 0x2000 + 0x1044, 0xffff_ffc0)
  RegisterAccess.writeBar0(file, "derived", 0x2000 + 0x1084, 0x8000_0001)
  assert.strictEqual(RegisterFile.ringBase(file, 1, 1), 0x8000_0001_ffff_ffc0n)
  assert.strictEqual(RegisterFile.ringBase(file, 1, 0), 0n)
})

it("in the derived model the status registers follow the rings, in the memory model they are what was stored", () => {
  const file = RegisterFile.reset()
  for (const { name } of csrs) RegisterFile.pokeCsr(file, 0, name, 0x5)
  const read = (model: RegisterFile.RegisterModel, name: Registers.CsrName): number =>
    RegisterAccess.readCsr(file, model, 0, name)
  for (const { name } of csrs) assert.strictEqual(read("memory", name), 0x5)
  for (const name of ["STAT", "C_STAT", "UO_STAT", "EXP_STAT", "F_STAT", "NF_STAT"] as const) {
    assert.strictEqual(read("derived", name), 0, name)
  }
  for (const name of ["E_STAT", "NE_STAT"] as const) assert.strictEqual(read("derived", name), 3, name)
})

it("equal pointers are empty after a head write and full after a tail write, even one that changes nothing", () => {
  const file = RegisterFile.reset()
  const status = () => [
    RegisterAccess.readCsr(file, "derived", 3, "E_STAT"),
    RegisterAccess.readCsr(file, "derived", 3, "F_STAT")
  ]
  RegisterAccess.writeRing(file, "derived", 3, 1, "CONFIG", 0x8)
  assert.deepStrictEqual(status(), [3, 0])
  RegisterAccess.writeRing(file, "derived", 3, 1, "TAIL", 0)
  assert.deepStrictEqual(status(), [1, 2])
  RegisterAccess.writeRing(file, "derived", 3, 1, "HEAD", 0)
  assert.deepStrictEqual(status(), [3, 0])
})

it("the drained mark is a bank's own, and no register shows it", () => {
  const file = RegisterFile.reset()
  RegisterAccess.writeRing(file, "derived", 1, 0, "TAIL", 0)
  RegisterFile.pokeDrained(file, 1, true)
  assert.deepStrictEqual(
    [0, 1, 2, 3].map((bank) => RegisterFile.isDrained(file, bank)),
    [false, true, false, false]
  )
  const seen = Array.from({ length: 0x8000 / 4 }, (_, index) => RegisterAccess.readBar0(file, "memory", 4 * index))
  assert.isTrue(seen.every((value) => value === 0))
  RegisterFile.pokeDrained(file, 1, false)
  assert.isFalse(RegisterFile.isDrained(file, 1))
  // The latch of the last pointer write is still there.
  RegisterAccess.writeRing(file, "derived", 1, 0, "CONFIG", 0x8)
  assert.strictEqual(RegisterAccess.readCsr(file, "derived", 1, "F_STAT"), 1)
})
