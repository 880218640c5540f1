/**
 * Restoring a bank: the exact order of writes, and the check of the register model that it was made for: a saved ring comes
 * back in a freshly reset bank with the same status registers.
 */
import { assert, describe, it } from "@effect/vitest"
import { encodeBlock, RegisterAccess, RegisterFile, Registers } from "@stopcopy/qat"
import { Either, FastCheck as fc } from "effect"
import { loadState } from "../../src/mstate/Load.ts"
import { collect, target } from "../../src/RegisterTrace.ts"
import { snapshotBank } from "../../src/Snapshot.ts"
import { sampleBlock } from "../support/Sample.ts"

const compared = ["STAT", "E_STAT", "NE_STAT", "NF_STAT", "F_STAT", "C_STAT"] as const
type Write = readonly [ring: number, name: Registers.RingRegisterName, value: number]

/** A bank after these writes. */
const programmed = (writes: ReadonlyArray<Write>): RegisterFile.RegisterFile => {
  const file = RegisterFile.reset()
  for (const [ring, name, value] of writes) RegisterAccess.writeRing(file, "derived", 0, ring, name, value)
  return file
}

/** Saves bank 0 of `file` and restores it into a fresh VF; the other banks are as after a reset. */
const migrated = (file: RegisterFile.RegisterFile) => {
  const { setup, state } = sampleBlock(0)
  const idle = snapshotBank(RegisterFile.reset(), "derived", 0)
  const saved = snapshotBank(file, "derived", 0)
  const bytes = encodeBlock({ setup, state: { ...state, banks: [saved, idle, idle, idle] } })
  const trace = collect(RegisterFile.reset(), "derived")
  return { trace, saved, result: loadState(bytes, 90, target(trace, [])) }
}

const assertComesBack = (file: RegisterFile.RegisterFile): void => {
  const { result, saved, trace } = migrated(file)
  assert.isTrue(Either.isRight(result), Either.isLeft(result) ? result.left.refusal?.where : "")
  for (const name of compared) {
    const now = RegisterAccess.readCsr(trace.file, "derived", 0, name)
    assert.strictEqual(now, saved.csrs[Registers.csrIndex[name]], name)
  }
  assert.deepStrictEqual(snapshotBank(trace.file, "derived", 0).rings, saved.rings)
}

const configs: ReadonlyArray<Write> = [
  [0, "CONFIG", 0x8],
  [1, "CONFIG", 0x2008]
]
const both = (name: "HEAD" | "TAIL", value: number): ReadonlyArray<Write> =>
  [0, 1].map((ring) => [ring, name, value] as const)

/** Writes to a bank whose rings have 16 KiB, and its empty and full bits after them. */
const states: ReadonlyArray<readonly [string, ReadonlyArray<Write>, empty: number, full: number]> = [
  ["not configured", [], 3, 0],
  ["empty at offset 0", configs, 3, 0],
  ["empty at another offset", [...configs, ...both("TAIL", 0x400), ...both("HEAD", 0x400)], 3, 0],
  ["partly filled", [...configs, ...both("TAIL", 0x400), ...both("HEAD", 0x80)], 0, 0],
  ["partly filled over the end", [...configs, ...both("HEAD", 0x3f80), ...both("TAIL", 0x80)], 0, 0],
  ["TX full", [...configs, [0, "HEAD", 0x100], [0, "TAIL", 0x100], [1, "HEAD", 0]], 2, 1],
  ["RX full", [...configs, [1, "HEAD", 0x100], [1, "TAIL", 0x100]], 1, 2],
  ["both full at offset 0", [...configs, ...both("TAIL", 0)], 0, 3],
  ["one message short of full", [...configs, ...both("HEAD", 0x80), ...both("TAIL", 0x60)], 0, 0]
]

describe("a saved bank comes back with the same status registers", () => {
  for (const [name, writes, empty, full] of states) {
    it(`${name}`, () => {
      const file = programmed(writes)
      const status = (csr: Registers.CsrName) => RegisterAccess.readCsr(file, "derived", 0, csr)
      assert.deepStrictEqual([status("E_STAT"), status("F_STAT")], [empty, full])
      assertComesBack(file)
    })
  }
})

const pointer = fc.oneof(
  fc.constantFrom(0, 0x80, 0x3fe0),
  fc.nat({ max: 0x3fe0 / 32 }).map((slot) => slot * 32)
)
const pointerWrite = fc.tuple(fc.nat({ max: 1 }), fc.constantFrom("HEAD" as const, "TAIL" as const), pointer)
const config = fc.oneof(
  fc.constantFrom(0, 0x8, 0x2008),
  fc
    .tuple(fc.nat({ max: 31 }), fc.constantFrom(0, 8, 3), fc.constantFrom(0, 8, 31))
    .map(([size, low, high]) => size + (low << 5) + (high << 10))
)

it.prop(
  "any bank reached by register writes comes back with the same status registers",
  [config, config, fc.array(pointerWrite, { maxLength: 8 })],
  ([tx, rx, pointers]) => {
    assertComesBack(programmed([[0, "CONFIG", tx], [1, "CONFIG", rx], ...pointers]))
  },
  { fastCheck: { numRuns: 1000 } }
)

const hex = (value: number): string => `0x${value.toString(16)}`

/** The writes to bank 0, by name. */
const named = (writes: ReadonlyArray<readonly [bar: number, offset: number, value: number]>): ReadonlyArray<string> =>
  writes
    .filter(([bar, offset]) => bar === 0 && offset < Registers.bankStride)
    .map(([, offset, value]) => {
      const register = RegisterAccess.atBar0(offset)
      return `${register?.name}${register?.kind === "ring" ? register.ring : ""} ${hex(value)}`
    })

const pointers = ["LBASE0 0x0", "UBASE0 0x0", "LBASE1 0x0", "UBASE1 0x0", "CONFIG0 0x8", "CONFIG1 0x2008"]
const interrupts = ["INT_FLAG_AND_COL 0x0", "INT_FLAG_EN 0x0", "INT_COL_EN 0x0", "INT_SRCSEL 0x0", "EXP_INT_EN 0x0"]
const end = [...interrupts, "INT_COL_CTL 0x80000000", "RING_SRV_ARB_EN 0x0"]

it("the TX head is written again when the request ring was empty", () => {
  assert.deepStrictEqual(named(migrated(programmed(configs)).trace.writes), [
    ...pointers,
    "HEAD0 0x0",
    "TAIL0 0x0",
    "INT_SRCSEL 0x3",
    "HEAD0 0x0",
    "TAIL1 0x0",
    "INT_SRCSEL 0x33",
    "HEAD1 0x0",
    "INT_SRCSEL 0x73",
    ...end
  ])
})

it("the RX tail is written again when the response ring was full", () => {
  const full: ReadonlyArray<Write> = [...configs, [0, "TAIL", 0x80], [1, "HEAD", 0x40], [1, "TAIL", 0x40]]
  assert.deepStrictEqual(named(migrated(programmed(full)).trace.writes), [
    ...pointers,
    "HEAD0 0x0",
    "TAIL0 0x80",
    "TAIL1 0x40",
    "INT_SRCSEL 0x30",
    "HEAD1 0x40",
    "INT_SRCSEL 0x70",
    "TAIL1 0x40",
    ...end
  ])
})

it("a saved exception ends the restore of its bank before the arbiter, with success", () => {
  const bytes = encodeBlock(sampleBlock(0))
  // EXP_STAT of bank 0, and an E_STAT of it that cannot come out.
  const view = new DataView(bytes.buffer)
  view.setUint32(356 + 72, 1, true)
  view.setUint32(356 + 12, 0xff, true)
  const trace = collect(RegisterFile.reset(), "derived")
  assert.isTrue(Either.isRight(loadState(bytes, 90, target(trace, []))))
  const writes = named(trace.writes)
  assert.strictEqual(writes.at(-1), "INT_COL_CTL 0x800027ff")
  assert.isFalse(writes.some((write) => write.startsWith("RING_SRV_ARB_EN")))
})

it("a failing bank keeps what was written to it and to the banks before it, and no bank after it is touched", () => {
  const bytes = encodeBlock(sampleBlock(0))
  new DataView(bytes.buffer).setUint32(356 + 504 * 2 + 28, 0x7, true)
  const trace = collect(RegisterFile.reset(), "derived")
  const result = loadState(bytes, 90, target(trace, []))
  assert.strictEqual(Either.isLeft(result) ? result.left.refusal?.code : "", "mstate.bank.c_stat")
  const banks = trace.writes.filter(([bar]) => bar === 0).map(([, offset]) => Math.floor(offset / 0x2000))
  assert.deepStrictEqual([...new Set(banks)], [0, 1, 2])
  assert.strictEqual(RegisterFile.csr(trace.file, 2, "RING_SRV_ARB_EN"), 3)
})
