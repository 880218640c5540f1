/** What reads and writes do in the register model of an emulated device, on bare registers. */
import { assert, describe, it } from "@effect/vitest"
import { Interrupts, RegisterAccess, RegisterFile, type Registers } from "@stopcopy/qat"

const device = () => {
  const file = RegisterFile.reset()
  const ring = (index: number, name: Registers.RingRegisterName, value: number): void =>
    RegisterAccess.writeRing(file, "device", 1, index, name, value)
  const write = (name: Registers.CsrName, value: number): void =>
    RegisterAccess.writeCsr(file, "device", 1, name, value)
  const read = (name: Registers.CsrName): number => RegisterAccess.readCsr(file, "device", 1, name)
  const pointer = (index: number, name: Registers.RingRegisterName): number =>
    RegisterFile.ringRegister(file, 1, index, name)
  return { file, ring, write, read, pointer }
}

/** Rings of 128 requests and 128 responses, the arbiter on. */
const working = () => {
  const all = device()
  all.ring(0, "CONFIG", 8)
  all.ring(1, "CONFIG", 0x2006)
  all.write("RING_SRV_ARB_EN", 1)
  return all
}

describe("a write to RING_CONFIG", () => {
  it("sets head and tail of its ring to 0, and the ring is empty; the other ring stays", () => {
    const { pointer, read, ring } = working()
    ring(0, "TAIL", 0x180)
    ring(1, "TAIL", 0x40)
    assert.strictEqual(read("E_STAT"), 0)
    ring(0, "CONFIG", 9)
    assert.deepStrictEqual([pointer(0, "HEAD"), pointer(0, "TAIL"), pointer(1, "TAIL")], [0, 0, 0x40])
    assert.strictEqual(read("E_STAT"), 1)
  })
})

describe("underflow and overflow", () => {
  const stats = ({ read }: ReturnType<typeof working>) => [read("UO_STAT"), read("EXP_STAT")]

  it("a tail past the head, outside the ring or inside a message; a head past the tail", () => {
    for (const [index, name, value] of [
      [0, "TAIL", 0x4000],
      [0, "TAIL", 0x90],
      [1, "HEAD", 0x20],
      [1, "HEAD", 0x10]
    ] as const) {
      const all = working()
      all.ring(index, name, value)
      assert.deepStrictEqual(stats(all), [1 << index, 1 << index], `${name} ${value}`)
    }
  })

  it("is none for pointers that drivers write, nor for those of a restore into a bank that does not work", () => {
    const all = working()
    all.ring(0, "TAIL", 0x80)
    all.ring(0, "TAIL", 0x80)
    RegisterFile.movePointer(all.file, 1, 1, "TAIL", 0x20)
    all.ring(1, "HEAD", 0x20)
    assert.deepStrictEqual(stats(all), [0, 0])
    const idle = device()
    idle.ring(0, "CONFIG", 8)
    idle.ring(0, "TAIL", 0x91)
    const drained = working()
    RegisterFile.pokeDrained(drained.file, 1, true)
    drained.ring(0, "TAIL", 0x91)
    assert.deepStrictEqual([...stats(idle), ...stats(drained)], [0, 0, 0, 0])
  })

  it("asks for an interrupt where EXP_INT_EN lets it", () => {
    const all = working()
    all.ring(0, "TAIL", 0x91)
    assert.strictEqual(Interrupts.pending(all.file), 0)
    all.write("EXP_INT_EN", 1)
    assert.strictEqual(Interrupts.pending(all.file), 2)
  })
})

it("status registers are derived: writes to them do nothing, and reads change nothing", () => {
  const { file, read, write } = working()
  const names = ["STAT", "UO_STAT", "E_STAT", "NE_STAT", "NF_STAT", "F_STAT", "C_STAT", "EXP_STAT"] as const
  const before = names.map(read)
  const copy = file.slice()
  for (const name of names) write(name, 0xffff_ffff)
  assert.deepStrictEqual(names.map(read), before)
  assert.deepStrictEqual(file, copy)
})

describe("flags", () => {
  it("follow their source: not empty, full, or nothing", () => {
    const { read, ring, write } = working()
    ring(0, "TAIL", 0x80)
    for (const [select, flags] of [
      [0x44, 1],
      [0x00, 1],
      [0x43, 0],
      [0x47, 0]
    ] as const) {
      write("INT_SRCSEL", select)
      assert.strictEqual(read("INT_FLAG"), flags, `source select ${select}`)
    }
  })

  it("INT_FLAG_AND_COL sets INT_COL_EN", () => {
    const { read, write } = working()
    write("INT_FLAG_AND_COL", 2)
    assert.deepStrictEqual([read("INT_COL_EN"), read("INT_FLAG_AND_COL")], [2, 2])
    write("INT_FLAG_AND_COL", 0)
    assert.deepStrictEqual([read("INT_COL_EN"), read("INT_FLAG_AND_COL")], [0, 0])
  })

  it("the timer is the register's low 31 bits in units of 256 ns, 0 if bit 31 is clear", () => {
    const { file, write } = working()
    for (const [control, micros] of [
      [0x8000_27ff, 2622],
      [0x8000_0000, 0],
      [0x27ff, 0]
    ] as const) {
      write("INT_COL_CTL", control)
      assert.strictEqual(Interrupts.coalescingMicros(file, 1), micros)
    }
  })
})
