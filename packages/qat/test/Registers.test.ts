/** The register tables against the hardware's: names, offsets, access, and what a migration does with each. */
import { assert, it } from "@effect/vitest"
import { RegisterAccess, RegisterFile, Registers } from "@stopcopy/qat"

/** Offset in a bank, name, access, part in a migration. RW registers are written freely, W1C by ones that clear. */
const bankTable = [
  [0x140, "STAT", "RO", "checked"],
  [0x148, "UO_STAT", "RO", "saved"],
  [0x14c, "E_STAT", "RO", "checked"],
  [0x150, "NE_STAT", "RO", "checked"],
  [0x154, "NF_STAT", "RO", "checked"],
  [0x158, "F_STAT", "RO", "checked"],
  [0x15c, "C_STAT", "RO", "checked"],
  [0x16c, "INT_FLAG_EN", "RW", "restored"],
  [0x170, "INT_FLAG", "W1C", "saved"],
  [0x174, "INT_SRCSEL", "RW", "restored"],
  [0x17c, "INT_COL_EN", "RW", "restored"],
  [0x180, "INT_COL_CTL", "RW", "restored"],
  [0x184, "INT_FLAG_AND_COL", "RW", "restored"],
  [0x188, "EXP_STAT", "RO", "steers"],
  [0x18c, "EXP_INT_EN", "RW", "restored"],
  [0x19c, "RING_SRV_ARB_EN", "RW", "restored"]
] as const

const ringTable = [
  [0x0c0, "HEAD"],
  [0x100, "TAIL"],
  [0x1000, "CONFIG"],
  [0x1040, "LBASE"],
  [0x1080, "UBASE"]
] as const

/** Name, offset in the PF's block of the VF, offset in the VF's BAR2, leaf of the migration block, whether it comes back. */
const miscTable = [
  ["VINTSOU", 0x00, 0x0000, "visrc", "saved"],
  ["VINTMSK", 0x04, 0x0004, "vimsk", "restored"],
  ["VINTSOUPF2VM", 0x08, 0x1000, "vispv", "saved"],
  ["VINTMSKPF2VM", 0x0c, 0x1004, "vimpv", "restored"],
  ["PF2VM", 0x10, 0x1008, "pf2vm", "restored"],
  ["VM2PF", 0x14, 0x100c, "vm2pf", "restored"]
] as const

it("the geometry is that of a GEN4 device", () => {
  assert.deepStrictEqual(
    [Registers.banksPerVf, Registers.vfsPerPf, Registers.ringsPerBank, Registers.bankStride, Registers.clockHz],
    [4, 16, 2, 0x2000, 1_000_000_000]
  )
})

it("every bank register has its offset, access and part in a migration", () => {
  assert.deepStrictEqual(
    Registers.csrs.map(({ name, offset, writable, migrated }) => [offset, name, writable, migrated]),
    bankTable.map(([offset, name, access, migrated]) => [offset, name, access !== "RO", migrated])
  )
  for (const [index, { name }] of Registers.csrs.entries()) assert.strictEqual(Registers.csrIndex[name], index)
})

it("every ring register has its offset, four bytes a ring", () => {
  assert.sameDeepMembers(
    Registers.ringRegisters.map(({ name, offset }) => [offset, name]),
    ringTable.map((row) => [...row])
  )
  for (const [offset, name] of ringTable) {
    assert.strictEqual(Registers.ringOffset(name, 0), offset)
    assert.strictEqual(Registers.ringOffset(name, 1), offset + 4)
    assert.strictEqual(Registers.ringRegisters[Registers.ringIndex[name]].name, name)
  }
})

it("every interrupt and mailbox register has both offsets and its leaf", () => {
  assert.deepStrictEqual(
    Registers.miscRegisters.map(({ name, offset, vfOffset, leaf, migrated }) => [
      name,
      offset,
      vfOffset,
      leaf,
      migrated
    ]),
    miscTable.map((row) => [...row])
  )
  for (const [index, { name }] of Registers.miscRegisters.entries()) {
    assert.strictEqual(Registers.miscIndex[name], index)
  }
})

it("BAR0 has these registers in every bank and no others", () => {
  const expected = new Map<number, string>(
    [0, 1, 2, 3].flatMap((bank) => [
      ...bankTable.map(([offset, name]) => [0x2000 * bank + offset, `${bank} ${name}`] as const),
      ...ringTable.flatMap(([offset, name]) =>
        [0, 1].map((ring) => [0x2000 * bank + offset + 4 * ring, `${bank} ${name} ${ring}`] as const)
      )
    ])
  )
  const found = new Map<number, string>()
  for (let offset = -4; offset < 0x8000 + 0x2000; offset += 4) {
    const register = RegisterAccess.atBar0(offset)
    if (register === undefined) continue
    const ring = register.kind === "ring" ? ` ${register.ring}` : ""
    found.set(offset, `${register.bank} ${register.name}${ring}`)
  }
  assert.strictEqual(found.size, 4 * (16 + 10))
  assert.deepStrictEqual(new Map([...found].toSorted()), new Map([...expected].toSorted()))
})

const accessOf = new Map<string, string>(bankTable.map(([, name, access]) => [name, access]))

it("the emulated device keeps written values at 32 bits, ignores writes to what is read-only, clears by ones", () => {
  for (let offset = 0; offset < 0x8000; offset += 4) {
    const register = RegisterAccess.atBar0(offset)
    const file = RegisterFile.reset()
    const before = RegisterAccess.readBar0(file, "derived", offset)
    RegisterAccess.writeBar0(file, "derived", offset, 0xffff_ffff)
    const after = RegisterAccess.readBar0(file, "derived", offset)
    if (register === undefined) assert.deepStrictEqual([before, after], [0, 0])
    else if (register.kind === "ring") assert.deepStrictEqual([before, after], [0, 0xffff_ffff])
    else if (accessOf.get(register.name) === "RW") assert.deepStrictEqual([before, after], [0, 0xffff_ffff])
    else assert.strictEqual(after, before, register.name)
  }
})

it("a one written to INT_FLAG clears its bit, a zero leaves it", () => {
  const file = RegisterFile.reset()
  RegisterFile.pokeCsr(file, 2, "INT_FLAG", 0x8000_0003)
  RegisterAccess.writeBar0(file, "derived", 0x4000 + 0x170, 0x8000_0001)
  assert.strictEqual(RegisterAccess.readBar0(file, "derived", 0x4000 + 0x170), 0x2)
  assert.strictEqual(RegisterAccess.readBar0(file, "derived", 0x170), 0)
})

it("in the memory model every register is plain memory", () => {
  const file = RegisterFile.reset()
  for (let offset = 0; offset < 0x8000; offset += 4)
    RegisterAccess.writeBar0(file, "memory", offset, 0x8000_0000 + offset)
  for (let offset = 0; offset < 0x8000; offset += 4) {
    const expected = RegisterAccess.atBar0(offset) === undefined ? 0 : 0x8000_0000 + offset
    assert.strictEqual(RegisterAccess.readBar0(file, "memory", offset), expected)
  }
})
